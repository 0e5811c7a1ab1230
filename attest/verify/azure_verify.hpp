// Appraises evidence of an Azure confidential VM, which has two levels: a hardware report vouches
// for the paravisor's claims, the claims name the virtual TPM's attestation key, and that key signs
// the quote that holds the caller's bytes. Reports every finding of every level.
//
// Source    Azure, "Guest attestation for confidential VMs".
// Errors    None: everything that is wrong is a finding.
// Threads   Pure functions: no I/O, no clock, no globals.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "attest/verify/azure_report.hpp"
#include "attest/verify/findings.hpp"
#include "attest/verify/snp_verify.hpp"
#include "attest/verify/tpm_verify.hpp"
#include "base/time.hpp"

namespace mayfly::attest {

enum class AzureCheck : std::uint8_t {
  azure_layout,
  azure_tee_kind,      // the report is of the TEE that was appraised
  azure_tee_report,    // the hardware report was accepted
  azure_claims_bound,  // the hash of the claims is in the hardware report, and nothing else is
  azure_claims,        // readable, and naming an attestation key
  azure_quote,         // the virtual TPM's quote was accepted
  azure_secure_boot,
};

template <>
struct CheckTable<AzureCheck> {
  static const std::array<CheckRow, 7> rows;
};

struct AzureQuote {
  ByteView attest;     // TPMS_ATTEST
  ByteView signature;  // TPMT_SIGNATURE
  std::vector<TpmPcr> pcrs;
};

struct AzureSecureBoot {};

struct AzurePolicy {
  TpmPolicy quote;  // its key_trust is not looked at: the key is the claims'
  Expected<AzureSecureBoot> secure_boot;
};

struct AzureAppraisal {
  EvidenceVerdict verdict = EvidenceVerdict::malformed;
  Findings<AzureCheck> findings;
  TpmAppraisal quote;
  // The claims are in a genuine hardware report, and their key signed the quote: what it says may
  // be believed of that machine, whether or not a policy wants it.
  bool is_genuine = false;
  // None unless both levels were accepted: what the claims say of the machine.
  std::optional<std::string> vm_id;
};

// What a hardware report, appraised before, says.
struct AzureTeeReport {
  AzureTee tee = AzureTee::snp;
  EvidenceVerdict verdict = EvidenceVerdict::rejected;
  // None if the report is not genuine.
  std::optional<std::array<std::uint8_t, 64>> report_data;
};

// For a TD: appraise its quote first, and give what it says.
AzureAppraisal appraise_azure(ByteView azure_report, const AzureTeeReport& tee,
                              const AzureQuote& quote, const AzurePolicy& policy, UnixMillis at);

struct AzureSnpAppraisal {
  EvidenceVerdict verdict = EvidenceVerdict::malformed;
  SnpAppraisal snp;
  AzureAppraisal azure;
};

// Both levels at once. `snp_policy.report_data` is not looked at: it is the hash of the claims.
AzureSnpAppraisal appraise_azure_snp(ByteView azure_report, std::vector<Bytes> certificate_chain,
                                     std::optional<ByteView> revocation_list,
                                     const AzureQuote& quote, SnpPolicy snp_policy,
                                     const AzurePolicy& policy, UnixMillis at);

}  // namespace mayfly::attest
