#include "crypto/der_writer.hpp"

#include <algorithm>
#include <array>

#include "crypto/der_reader.hpp"

namespace mayfly::crypto {

Bytes der_element(std::uint8_t tag, std::initializer_list<ByteView> contents) {
  std::size_t length = 0;
  for (const ByteView part : contents) {
    length += part.size();
  }
  Bytes out{tag};
  out.reserve(length + 6);
  if (length < 0x80) {
    out.push_back(static_cast<std::uint8_t>(length));
  } else {
    std::size_t count = 1;
    while (count < sizeof(length) && (length >> (8 * count)) != 0) {
      ++count;
    }
    out.push_back(static_cast<std::uint8_t>(0x80U | count));
    for (std::size_t i = count; i-- > 0;) {
      out.push_back(static_cast<std::uint8_t>(length >> (8 * i)));
    }
  }
  for (const ByteView part : contents) {
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

Bytes der_element(std::uint8_t tag, ByteView content) {
  return der_element(tag, {content});
}

Bytes der_sequence(std::initializer_list<ByteView> elements) {
  return der_element(der_tag::sequence, elements);
}

Bytes der_unsigned_integer(ByteView big_endian) {
  const auto first = std::ranges::find_if(big_endian, [](std::uint8_t b) { return b != 0; });
  const ByteView digits(first, big_endian.end());
  static constexpr std::array<std::uint8_t, 1> zero{0};
  const bool needs_zero = digits.empty() || (digits[0] & 0x80U) != 0;
  return der_element(der_tag::integer, {needs_zero ? ByteView(zero) : ByteView(), digits});
}

Bytes der_octet_string(ByteView content) {
  return der_element(der_tag::octet_string, content);
}

Bytes der_bit_string(ByteView content) {
  static constexpr std::array<std::uint8_t, 1> no_unused_bits{0};
  return der_element(der_tag::bit_string, {no_unused_bits, content});
}

Bytes der_boolean_true() {
  static constexpr std::array<std::uint8_t, 1> true_value{0xff};
  return der_element(der_tag::boolean, true_value);
}

Bytes der_object_identifier(ByteView content) {
  return der_element(der_tag::object_identifier, content);
}

Bytes der_utf8_string(std::string_view text) {
  return der_element(der_tag::utf8_string, bytes_of(text));
}

}  // namespace mayfly::crypto
