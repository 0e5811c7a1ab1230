#include "verifier/text_layout.hpp"

#include <algorithm>
#include <array>

#include "base/text_encoding.hpp"

namespace mayfly::verifier {

std::string padded(std::string_view text, std::size_t width) {
  std::string out(text);
  out.resize(std::max(width, out.size()), ' ');
  return out;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') {
      c = static_cast<char>(c - 'a' + 'A');
    }
  }
  return out;
}

std::string hex_u64(std::uint64_t value) {
  std::array<std::uint8_t, 8> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes.at(i) = static_cast<std::uint8_t>(value >> (8 * (7 - i)));
  }
  return "0x" + hex_encode(bytes);
}

}  // namespace mayfly::verifier
