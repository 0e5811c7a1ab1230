// Intel's TCB info for TDX: which firmware levels a platform can be at, and how good each is.
//
// Source    Intel PCS API version 4, "Get TDX TCB Info", TCB info version 3.
// Shapes    At most 64 levels, 16 module identities, 64 advisories a level.
// Errors    malformed: not of that form, levels that do not descend.  rejected: for another TEE
//           (SGX), of another version or TCB type.  limit: over a bound.
// Threads   Pure function. Members that this version does not use are passed over.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "attest/verify/tcb_status.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::attest {

inline constexpr std::size_t tcb_levels_max = 64;
inline constexpr std::size_t advisories_max = 64;

// What holds for whoever reaches a level.
struct TcbStanding {
  TcbStatus status = TcbStatus::revoked;
  UnixMillis tcb_date;
  std::vector<std::string> advisories;  // "INTEL-SA-00837"
};

struct PlatformTcbLevel {
  std::array<std::uint8_t, 16> sgx_components{};
  std::uint16_t pce_svn = 0;
  std::array<std::uint8_t, 16> tdx_components{};
  TcbStanding standing;
};

// A level of the TDX module or of an enclave: one number.
struct IsvTcbLevel {
  std::uint16_t isv_svn = 0;
  TcbStanding standing;
};

struct SeamIdentity {
  crypto::Sha384 mr_signer;
  std::uint64_t attributes = 0;
  std::uint64_t attributes_mask = 0;
};

struct TdxModuleIdentity {
  std::uint8_t major = 0;  // of "TDX_<hex>"
  SeamIdentity seam;
  std::vector<IsvTcbLevel> levels;  // descending
};

struct TcbInfo {
  UnixMillis issue_date;
  UnixMillis next_update;  // inclusive
  std::array<std::uint8_t, 6> fmspc{};
  std::array<std::uint8_t, 2> pce_id{};
  std::uint32_t evaluation_number = 0;  // rises with each TCB recovery
  SeamIdentity tdx_module;              // of modules with major version 0
  std::vector<TdxModuleIdentity> module_identities;
  std::vector<PlatformTcbLevel> levels;  // none above an earlier one
};

// `body` is the value of "tcbInfo". Read it only once its signature was checked.
Result<TcbInfo> parse_tcb_info(ByteView body);

}  // namespace mayfly::attest
