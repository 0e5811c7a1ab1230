// What a failed check of a TDX quote means for a certificate.
//
// Threads   Pure function.
#pragma once
#include "attest/verify/tdx_appraisal.hpp"
#include "verifier/finding.hpp"

namespace mayfly::verifier {

Code code_of_failure(attest::TdxCheck check);

}  // namespace mayfly::verifier
