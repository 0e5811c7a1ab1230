// Encodes base64 for tests and benchmarks, written to be obvious rather than fast.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace mayfly::test {

inline std::string base64_text(std::string_view plain) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((plain.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < plain.size(); i += 3) {
    const std::string_view group = plain.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8U | (k < group.size() ? static_cast<std::uint8_t>(group[k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= group.size() ? alphabet[bits >> (18 - 6 * k) & 0x3FU] : '=';
    }
  }
  return text;
}

}  // namespace mayfly::test
