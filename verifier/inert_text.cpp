#include "verifier/inert_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "certificate/json_string.hpp"

namespace mayfly::verifier {
namespace {

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};
constexpr std::array active_ranges{
    Range{0x0000, 0x001f},   Range{0x007f, 0x009f},   Range{0x00ad, 0x00ad},
    Range{0x034f, 0x034f},   Range{0x0600, 0x0605},   Range{0x061c, 0x061c},
    Range{0x06dd, 0x06dd},   Range{0x070f, 0x070f},   Range{0x0890, 0x0891},
    Range{0x08e2, 0x08e2},   Range{0x115f, 0x1160},   Range{0x17b4, 0x17b5},
    Range{0x180b, 0x180f},   Range{0x200b, 0x200f},   Range{0x2028, 0x202e},
    Range{0x2060, 0x206f},   Range{0x3164, 0x3164},   Range{0xfe00, 0xfe0f},
    Range{0xfeff, 0xfeff},   Range{0xffa0, 0xffa0},   Range{0xfff0, 0xfffb},
    Range{0x110bd, 0x110bd}, Range{0x110cd, 0x110cd}, Range{0x13430, 0x1343f},
    Range{0x1bca0, 0x1bca3}, Range{0x1d173, 0x1d17a}, Range{0xe0000, 0xe0fff},
};

bool is_active(std::uint32_t code_point) {
  return std::ranges::any_of(active_ranges, [code_point](const Range& range) {
    return code_point >= range.first && code_point <= range.last;
  });
}

std::string hex(std::uint32_t value, std::size_t digits_min) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (; value != 0 || text.size() < digits_min; value >>= 4) {
    text.insert(text.begin(), digits[value & 0xf]);
  }
  return text;
}

// Precondition: `sequence` is one well-formed UTF-8 sequence.
std::uint32_t code_point_of(std::string_view sequence) {
  const auto lead = static_cast<std::uint8_t>(sequence[0]);
  if (sequence.size() == 1) {
    return lead;
  }
  std::uint32_t value = lead & (0xffU >> (sequence.size() + 1));
  for (const char c : sequence.substr(1)) {
    value = (value << 6) | (static_cast<std::uint8_t>(c) & 0x3f);
  }
  return value;
}

std::string as_utf16_escapes(std::uint32_t code_point) {
  if (code_point < 0x10000) {
    return "\\u" + hex(code_point, 4);
  }
  const std::uint32_t offset = code_point - 0x10000;
  return "\\u" + hex(0xd800 + (offset >> 10), 4) + "\\u" + hex(0xdc00 + (offset & 0x3ff), 4);
}

}  // namespace

std::string inert_text(std::string_view text, std::size_t bytes_max) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = certificate::utf8_sequence_bytes(text, at);
    const std::size_t step = std::max<std::size_t>(length, 1);
    if (at + step > bytes_max) {
      return out + "... (" + std::to_string(text.size()) + " bytes)";
    }
    const std::string_view sequence = text.substr(at, step);
    at += step;
    if (length == 0) {
      out += "\\x" + hex(static_cast<std::uint8_t>(sequence[0]), 2);
    } else if (sequence == "\\") {
      out += "\\\\";
    } else if (const std::uint32_t code_point = code_point_of(sequence); is_active(code_point)) {
      out += "\\u{" + hex(code_point, 1) + "}";
    } else {
      out += sequence;
    }
  }
  return out;
}

std::string inert_json_string(std::string_view text) {
  std::string out = "\"";
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = certificate::utf8_sequence_bytes(text, at);
    const std::string_view sequence = text.substr(at, std::max<std::size_t>(length, 1));
    at += sequence.size();
    if (length == 0) {
      out += "\\ufffd";
    } else if (sequence == "\"" || sequence == "\\") {
      out += '\\';
      out += sequence;
    } else if (const std::uint32_t code_point = code_point_of(sequence); is_active(code_point)) {
      out += as_utf16_escapes(code_point);
    } else {
      out += sequence;
    }
  }
  return out + '"';
}

}  // namespace mayfly::verifier
