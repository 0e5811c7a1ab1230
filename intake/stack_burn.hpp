// Overwrites the stack below the caller, where functions that handled plaintext have left frames.
//
// Use       After a task that touched a dataset or a key, on the thread that did it.
#pragma once
#include <string.h>

#include <array>
#include <cstddef>

namespace mayfly::intake {

inline constexpr std::size_t stack_burn_bytes = std::size_t{64} * 1024;

[[gnu::noinline]] inline void burn_stack() {
  std::array<std::byte, stack_burn_bytes> frame;
  ::explicit_bzero(frame.data(), frame.size());
}

}  // namespace mayfly::intake
