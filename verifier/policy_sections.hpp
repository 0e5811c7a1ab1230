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

Result<attest::SnpPolicy> read_snp_section(const certificate::JsonValue& value);
Result<TpmRules> read_tpm_section(const certificate::JsonValue& value);
Result<attest::NitroPolicy> read_nitro_section(const certificate::JsonValue& value);
Result<AzureRules> read_azure_section(const certificate::JsonValue& value);
Result<TimeRules> read_time_section(const certificate::JsonValue& value);

}  // namespace mayfly::verifier
