// Extends a TD's runtime measurement register, so that a quote shows what was started.
//
// Source    Linux, Documentation/ABI/testing/sysfs-devices-virtual-misc-tdx_guest (since 6.16):
//           files "rtmr2:sha384", "rtmr3:sha384"; writing 48 bytes extends.
// Errors    unavailable: no such file (an older kernel, or no TD), denied.  malformed: a register
//           that programs may not extend.  internal: the register did not change as it must.
// Threads   Whoever extends one register does so from one thread: order is part of the value.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::attest {

inline constexpr const char* rtmr_folder = "/sys/devices/virtual/misc/tdx_guest/measurements";

// A test stands in for the kernel here.
struct RegisterFile {
  std::function<Result<Bytes>()> read;
  std::function<Result<void>(ByteView digest)> extend;
};
// `index`: 2 or 3; 0 and 1 are the firmware's.
Result<RegisterFile> rtmr_file(const std::filesystem::path& folder, std::uint32_t index);

// The value afterwards, which is checked: SHA-384(before || digest).
Result<crypto::Sha384> extend_rtmr(const RegisterFile& file, const crypto::Sha384& digest);

}  // namespace mayfly::attest
