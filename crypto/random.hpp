// Unpredictable bytes from the kernel, fit for keys and nonces.
//
// Errors    None: a machine without getrandom(2) cannot make a key, so it aborts.
// Threads   Safe from any thread.
#pragma once
#include <cstdint>
#include <span>

namespace mayfly::crypto {

void fill_random(std::span<std::uint8_t> out);

}  // namespace mayfly::crypto
