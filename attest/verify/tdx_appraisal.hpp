// What the appraisal of a TDX quote found: one outcome for every check, none left out.
//
// Threads   Plain values.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/model/trust_anchor.hpp"
#include "attest/verify/tdx_quote.hpp"

namespace mayfly::attest {

// In the order in which they are reported.
enum class TdxCheck : std::uint8_t {
  quote_layout,
  // chain: from the platform's provisioning key (PCK) to a pinned root
  chain_certificates,  // exactly three, each readable: P-256, ecdsa-with-SHA256, no unknown
                       // critical extension
  chain_root,          // the last one equals a pinned root, byte by byte
  chain_names,
  chain_constraints,  // CA flags, key usage, path lengths
  chain_signatures,
  chain_validity,  // every certificate valid at the time of appraisal, both ends
  // signatures: from the PCK to the quote
  qe_report_signature,
  attestation_key_binding,
  quote_signature,
  // td_policy: what kind of TD this is
  td_debug_off,
  td_attributes_known,
  td_sept_ve_disable,
  td_xfam,
  // collateral: needs Intel's signed lists
  pck_revocation,
  tcb_signing_chain,
  tcb_info,
  qe_identity,
  pck_extension,
  tdx_module_identity,
  tcb_level,
  tcb_status,
};
inline constexpr std::size_t tdx_check_count = static_cast<std::size_t>(TdxCheck::tcb_status) + 1;

enum class TdxStage : std::uint8_t { layout, chain, signatures, td_policy, collateral };
TdxStage stage_of(TdxCheck check);

// `not_evaluated` is never a pass: the detail says what was missing.
enum class CheckOutcome : std::uint8_t { pass, fail, not_evaluated };

struct TdxFinding {
  TdxCheck check;
  CheckOutcome outcome;
  std::string detail;  // one sentence; empty for a pass
};

enum class TdxVerdict : std::uint8_t {
  malformed,         // not readable as a TDX quote of version 4
  rejected,          // at least one check failed
  collateral_needed  // nothing failed, and what needs collateral was not evaluated
};

struct TdxAppraisal {
  TdxVerdict verdict = TdxVerdict::malformed;
  std::vector<TdxFinding> findings;  // every TdxCheck once, in order
  // The pinned root that the chain verified up to; none unless every `chain` check passed.
  std::optional<AnchorKind> anchor_kind;
  std::string anchor_name;
  // What the quote says; none unless every `chain` and `signatures` check passed. It may still be
  // a debug TD: look at the verdict or at stage td_policy.
  std::optional<TdQuoteBody> verified_body;
  std::size_t trailing_zero_bytes = 0;

  const TdxFinding& finding(TdxCheck check) const {
    return findings.at(static_cast<std::size_t>(check));
  }
  // fail if any check of the stage failed, else not_evaluated if any was not, else pass.
  CheckOutcome outcome_of(TdxStage stage) const;
};

std::string_view to_string(TdxCheck check);  // its name above
std::string_view to_string(TdxStage stage);
std::string_view to_string(CheckOutcome outcome);
std::string_view to_string(TdxVerdict verdict);

}  // namespace mayfly::attest
