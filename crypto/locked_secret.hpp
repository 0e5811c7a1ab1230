// Owner of secret bytes that never reach swap, a core dump or a forked child, and are zeroised at
// the end of their life.
//
// Source    mlock(2), madvise(2) MADV_DONTDUMP and MADV_WIPEONFORK. libsodium's sodium_malloc is
//           not used: it hides a failed mlock, and a secret that may be swapped must be an error.
// Shapes    secret_bytes_max is one page of 4 KiB; an inaccessible page lies on either side.
// Errors    limit: over secret_bytes_max.  unavailable: the kernel refused to lock the page.
// Threads   One owner; reading from several threads is fine.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::crypto {

inline constexpr std::size_t secret_bytes_max = 4096;

class LockedSecret {
 public:
  // All zero. A moved-from secret is empty.
  static Result<LockedSecret> allocate(std::size_t size_bytes);

  LockedSecret(LockedSecret&& other) noexcept
      : bytes_(std::exchange(other.bytes_, std::span<std::uint8_t>{})) {}
  LockedSecret& operator=(LockedSecret&& other) noexcept;
  LockedSecret(const LockedSecret&) = delete;
  LockedSecret& operator=(const LockedSecret&) = delete;
  ~LockedSecret() { release(); }

  std::span<std::uint8_t> bytes() noexcept { return bytes_; }
  ByteView view() const noexcept { return bytes_; }

 private:
  explicit LockedSecret(std::span<std::uint8_t> bytes) : bytes_(bytes) {}
  void release() noexcept;

  std::span<std::uint8_t> bytes_;
};

}  // namespace mayfly::crypto
