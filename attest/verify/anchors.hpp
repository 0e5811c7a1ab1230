// The roots that a verifier trusts unless it is told otherwise: Intel's, and nothing else.
//
// Source    "Intel SGX Root CA", as carried at the end of every genuine TDX quote and published at
//           certificates.trustedservices.intel.com. SHA-256 of the DER:
//           44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3
// Threads   Constant data.
#pragma once
#include <span>

#include "attest/model/trust_anchor.hpp"

namespace mayfly::attest {

std::span<const TrustAnchor> default_anchors();

}  // namespace mayfly::attest
