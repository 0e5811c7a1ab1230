// The sections of a policy document for evidence other than a TDX quote, and for time.
//
// Source    docs/attestation-snp-tpm-nitro.md and docs/attestation.md, "The policy".
// Errors    malformed: with the path and what must stand there.
// Threads   Pure functions.
#pragma once
#include "base/result.hpp"
#include "certificate/canonical_document.hpp"
#include "verifier/policy.hpp"

namespace mayfly::verifier {

// The members event_log and runtime_log of the section for TDX.
Result<void> read_td_logs(const certificate::JsonValue& section, attest::TdxPolicy& out);
Result<attest::SnpPolicy> read_snp_section(const certificate::JsonValue& value);
Result<TpmRules> read_tpm_section(const certificate::JsonValue& value);
Result<attest::NitroPolicy> read_nitro_section(const certificate::JsonValue& value);
Result<attest::GoogleTokenPolicy> read_confidential_space_section(
    const certificate::JsonValue& value);
Result<AzureRules> read_azure_section(const certificate::JsonValue& value);
Result<TimeRules> read_time_section(const certificate::JsonValue& value);

}  // namespace mayfly::verifier
