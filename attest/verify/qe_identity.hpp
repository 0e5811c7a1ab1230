// Intel's description of its TD quoting enclave: which enclave may vouch for an attestation key.
//
// Source    Intel PCS API version 4, "Get TD QE Identity", enclave identity version 2.
// Errors    malformed: not of that form.  rejected: for another enclave (QE, QVE, QAE), of another
//           version; from check_qe_report(), what the report is not.  limit: over a bound.
// Threads   Pure functions. Members that this version does not use are passed over.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "attest/verify/tcb_info.hpp"
#include "attest/verify/tdx_quote.hpp"

namespace mayfly::attest {

struct QeIdentity {
  UnixMillis issue_date;
  UnixMillis next_update;  // inclusive
  std::uint32_t evaluation_number = 0;
  std::uint32_t misc_select = 0;
  std::uint32_t misc_select_mask = 0;
  std::array<std::uint8_t, 16> attributes{};
  std::array<std::uint8_t, 16> attributes_mask{};
  crypto::Sha256 mr_signer;
  std::uint16_t isv_prod_id = 0;
  std::vector<IsvTcbLevel> levels;  // descending
};

// `body` is the value of "enclaveIdentity". Read it only once its signature was checked.
Result<QeIdentity> parse_qe_identity(ByteView body);

// Is it that enclave, and not under debug? At which level? Borrowed from `identity`.
Result<const IsvTcbLevel*> check_qe_report(const QeReport& report, const QeIdentity& identity);

}  // namespace mayfly::attest
