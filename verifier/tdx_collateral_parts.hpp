// Intel's lists as a certificate or a bundle carries them: named parts, each in one spelling,
// because a byte that nothing signs could be changed unnoticed.
//
// Shapes    Format "intel-tdx-v4"; parts pck_crl and root_crl (DER), qe_identity and tcb_info
//           (Intel's envelope without white space around its body), tcb_signing_chain (PEM).
// Errors    malformed: another format, an unknown part, another spelling.
// Threads   Pure functions.
#pragma once
#include <string_view>

#include "attest/verify/collateral.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "certificate/model.hpp"

namespace mayfly::verifier {

bool is_tdx_collateral_part(std::string_view name);

Result<attest::TdxCollateral> tdx_collateral_from(const certificate::Collateral& collateral);

// In the one spelling. Parts that are empty are left out; one that cannot be read is malformed.
Result<certificate::Collateral> tdx_collateral_parts(const attest::TdxCollateral& collateral);

// A PEM chain as vendors write it: each certificate's lines, nothing between; may end in NUL.
bool has_vendors_layout(ByteView chain_pem);

}  // namespace mayfly::verifier
