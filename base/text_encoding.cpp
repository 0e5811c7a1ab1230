#include "base/text_encoding.hpp"

#include <array>

namespace mayfly {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view base64url_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> reverse_table(std::string_view digits) {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    table[static_cast<unsigned char>(digits[i])] = static_cast<std::int8_t>(i);
  }
  return table;
}
constexpr auto hex_values = reverse_table(hex_digits);
constexpr auto base64url_values = reverse_table(base64url_digits);
constexpr auto base64_values = reverse_table(base64_digits);

std::unexpected<Error> bad_character(std::string_view form, std::size_t at) {
  return fail(ErrorCode::malformed,
              "not " + std::string(form) + ": bad character at offset " + std::to_string(at));
}

std::string encode_digits(ByteView bytes, std::string_view digits) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  int bit_count = 0;
  for (const std::uint8_t byte : bytes) {
    bits = (bits << 8) | byte;
    bit_count += 8;
    while (bit_count >= 6) {
      bit_count -= 6;
      text.push_back(digits[(bits >> bit_count) & 63]);
    }
  }
  if (bit_count > 0) text.push_back(digits[(bits << (6 - bit_count)) & 63]);
  return text;
}

// `form` is for messages: "unpadded base64url".
Result<Bytes> decode_digits(std::string_view text, const std::array<std::int8_t, 256>& values,
                            std::string_view form) {
  if (text.size() % 4 == 1) {
    return fail(ErrorCode::malformed, "not " + std::string(form) + ": impossible length");
  }
  Bytes bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int bit_count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int value = values[static_cast<unsigned char>(text[i])];
    if (value < 0) return bad_character(form, i);
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    bit_count += 6;
    if (bit_count >= 8) {
      bit_count -= 8;
      bytes.push_back(static_cast<std::uint8_t>(bits >> bit_count));
    }
  }
  // Two texts must not decode to the same bytes, or a signature's encoding could be varied.
  if ((bits & ((1U << bit_count) - 1)) != 0) {
    return fail(ErrorCode::malformed, "not " + std::string(form) + ": non-zero trailing bits");
  }
  return bytes;
}

}  // namespace

std::string hex_encode(ByteView bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text.push_back(hex_digits[byte >> 4]);
    text.push_back(hex_digits[byte & 15]);
  }
  return text;
}

Result<Bytes> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return fail(ErrorCode::malformed, "not hex: odd number of digits");
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_values[static_cast<unsigned char>(text[i])];
    const int low = hex_values[static_cast<unsigned char>(text[i + 1])];
    if (high < 0) return bad_character("lower-case hex", i);
    if (low < 0) return bad_character("lower-case hex", i + 1);
    bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return bytes;
}

std::string base64url_encode(ByteView bytes) {
  return encode_digits(bytes, base64url_digits);
}

Result<Bytes> base64url_decode(std::string_view text) {
  return decode_digits(text, base64url_values, "unpadded base64url");
}

std::string base64_encode(ByteView bytes) {
  std::string text = encode_digits(bytes, base64_digits);
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

Result<Bytes> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) {
    return fail(ErrorCode::malformed, "not padded base64: impossible length");
  }
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) {
    text.remove_suffix(1);
  }
  return decode_digits(text, base64_values, "padded base64");
}

}  // namespace mayfly
