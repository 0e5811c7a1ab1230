// Reads DER (the one canonical encoding of ASN.1) element by element; never recurses by itself.
//
// Source    ITU-T X.690, clauses 8, 10 and 11: definite lengths in their shortest form, single-byte
//           tags. BER's other encodings are refused.
// Errors    malformed: truncated, another tag than asked for, a length or integer that is not in
//           its shortest form.
// Threads   One reader, one thread. Does not own the bytes; everything returned borrows from them.
#pragma once
#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::crypto {

namespace der_tag {
inline constexpr std::uint8_t boolean = 0x01;
inline constexpr std::uint8_t integer = 0x02;
inline constexpr std::uint8_t bit_string = 0x03;
inline constexpr std::uint8_t octet_string = 0x04;
inline constexpr std::uint8_t object_identifier = 0x06;
inline constexpr std::uint8_t enumerated = 0x0a;
inline constexpr std::uint8_t utf8_string = 0x0c;
inline constexpr std::uint8_t printable_string = 0x13;
inline constexpr std::uint8_t utc_time = 0x17;
inline constexpr std::uint8_t generalized_time = 0x18;
inline constexpr std::uint8_t sequence = 0x30;
inline constexpr std::uint8_t set = 0x31;
// [n] EXPLICIT and other constructed context tags.
inline constexpr std::uint8_t context(unsigned number) {
  return static_cast<std::uint8_t>(0xa0U | number);
}
}  // namespace der_tag

struct DerElement {
  std::uint8_t tag = 0;
  ByteView content;
  ByteView whole;  // tag, length and content
};

class DerReader {
 public:
  explicit DerReader(ByteView bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }
  bool next_is(std::uint8_t tag) const { return !rest_.empty() && rest_[0] == tag; }

  Result<DerElement> take();
  Result<DerElement> take(std::uint8_t tag);
  // The content of a constructed element, as a reader of its own.
  Result<DerReader> enter(std::uint8_t tag);
  // Big-endian magnitude without a leading zero; zero is empty. Negative numbers are refused.
  Result<ByteView> take_unsigned_integer();
  // A BIT STRING that is a whole number of bytes.
  Result<ByteView> take_bit_string_bytes();
  Result<void> expect_end() const;

 private:
  ByteView rest_;
};

}  // namespace mayfly::crypto
