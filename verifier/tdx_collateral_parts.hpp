// What stands beside a TDX quote in a certificate or a bundle: Intel's lists, and logs. Named
// parts, each in one spelling, because a byte that nothing signs could be changed unnoticed.
//
// Shapes    Format "intel-tdx-v4"; parts pck_crl and root_crl (DER), qe_identity and tcb_info
//           (Intel's envelope without white space around its body), tcb_signing_chain (PEM),
//           event_log (CCEL without padding), runtime_log (encode_dstack_events()).
// Errors    malformed: another format, an unknown part, another spelling.
// Threads   Pure functions.
#pragma once
#include <string_view>

#include "attest/verify/collateral.hpp"
#include "attest/verify/td_log_checks.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "certificate/model.hpp"

namespace mayfly::verifier {

struct TdxMaterial {
  attest::TdxCollateral lists{};
  attest::TdLogs logs{};
};

Result<TdxMaterial> tdx_material_from(const certificate::Collateral& collateral);

// In the one spelling, of logs as people have them: CCEL with its padding, dstack's events as the
// JSON of its agent (verifier/runtime_log.hpp). What cannot be read is malformed.
Result<attest::TdLogs> plain_td_logs(const attest::TdLogs& logs);
// In the one spelling. What is empty is left out.
Result<certificate::Collateral> tdx_parts(const TdxMaterial& material);

// The lists alone.
bool is_tdx_collateral_part(std::string_view name);
Result<attest::TdxCollateral> tdx_collateral_from(const certificate::Collateral& collateral);

// In the one spelling. Parts that are empty are left out; one that cannot be read is malformed.
Result<certificate::Collateral> tdx_collateral_parts(const attest::TdxCollateral& collateral);

// A PEM chain as vendors write it: each certificate's lines, nothing between; may end in NUL.
bool has_vendors_layout(ByteView chain_pem);

}  // namespace mayfly::verifier
