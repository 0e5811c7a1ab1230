// How the reports for people write words and numbers.
//
// Threads   Pure.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mayfly::verifier {

// Spaces behind, up to `width` bytes; what is longer stays as it is.
std::string padded(std::string_view text, std::size_t width);
// ASCII letters only.
std::string upper(std::string_view text);
// "0x" and 16 digits.
std::string hex_u64(std::uint64_t value);

}  // namespace mayfly::verifier
