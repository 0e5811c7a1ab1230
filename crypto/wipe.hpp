// Overwrites bytes in a way that no compiler removes.
//
// Threads   Pure function over the caller's memory.
#pragma once
#include <cstdint>
#include <cstring>
#include <span>

namespace mayfly::crypto {

inline void wipe(std::span<std::uint8_t> bytes) noexcept {
  if (!bytes.empty()) {
    explicit_bzero(bytes.data(), bytes.size());
  }
}

}  // namespace mayfly::crypto
