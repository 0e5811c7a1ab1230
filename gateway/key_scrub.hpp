// Takes the key, and what looks like one, out of an error that goes back to the job: some providers
// repeat a part of a key that they refuse.
//
// Shapes    Replaced by "[key]": any run of key_run_bytes_min bytes that is also in the key, and
//           any word that begins with "sk-".
// Threads   Pure function.
#pragma once
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace mayfly::gateway {

inline constexpr std::size_t key_run_bytes_min = 6;

std::string scrub_key(std::string_view text, ByteView key);

}  // namespace mayfly::gateway
