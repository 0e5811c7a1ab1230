// What a failed check of evidence other than a TDX quote means for a certificate.
//
// Threads   Pure functions.
#pragma once
#include "attest/verify/azure_verify.hpp"
#include "attest/verify/event_log_appraisal.hpp"
#include "attest/verify/google_token_verify.hpp"
#include "attest/verify/nitro_verify.hpp"
#include "attest/verify/snp_verify.hpp"
#include "attest/verify/tpm_appraisal.hpp"
#include "verifier/finding.hpp"

namespace mayfly::verifier {

Code code_of_failure(attest::SnpCheck check);
Code code_of_failure(attest::TpmCheck check);
Code code_of_failure(attest::NitroCheck check);
Code code_of_failure(attest::AzureCheck check);
Code code_of_failure(attest::GoogleTokenCheck check);
Code code_of_failure(attest::EventLogCheck check);

}  // namespace mayfly::verifier
