// Judges evidence of a TPM, an SEV-SNP guest, a Nitro enclave or an Azure machine, or a token of
// Google's, by a policy, in one shape for all of them: every check of every level, and what each
// failure means.
//
// Shapes    A level is one piece of evidence: "snp", "tpm", "nitro", "azure", "tdx", "event_log",
//           "google".
//           An Azure machine has several, each with all of its checks.
// Errors    None: everything that is wrong is a finding.
// Threads   Pure function: no I/O, no clock, no globals.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attest/model/binding.hpp"
#include "attest/verify/event_log_appraisal.hpp"
#include "attest/verify/tdx_appraisal.hpp"
#include "base/time.hpp"
#include "verifier/finding.hpp"
#include "verifier/policy.hpp"
#include "verifier/tee_parts.hpp"
#include "verifier/verdict.hpp"

namespace mayfly::verifier {

using TeeOutcome = attest::CheckOutcome;

struct TeeFinding {
  std::string_view level;
  std::string_view check;  // stable
  std::string_view stage;
  TeeOutcome outcome = TeeOutcome::not_evaluated;
  std::string detail;
  Code code;  // what a failure of it means
};

struct TeeAppraisal {
  attest::TeeKind kind = attest::TeeKind::tpm;
  std::vector<TeeFinding> findings;
  // Layout, chain and signature of every level hold: what it says may be believed of that hardware.
  bool is_genuine = false;
  // What it says, by name; empty unless it is genuine.
  std::vector<std::pair<std::string, std::string>> facts;
  std::vector<attest::ProvenEvent> events;  // of the boot log, if the policy asks for one
  Verdict verdict = Verdict::inconclusive;  // of the evidence by itself

  const TeeFinding* find(std::string_view level, std::string_view check) const;
};

// `binding`: what the evidence must bind for a certificate, in the place that its kind has for that
// (SNP: REPORT_DATA; Nitro: user_data; a TPM's qualifying data: its SHA-256; a token's nonce: that
// in hex). None: the policy says.
TeeAppraisal appraise_tee(const TeeMaterial& material, const Policy& policy,
                          const std::optional<attest::ReportData>& binding, UnixMillis at);

}  // namespace mayfly::verifier
