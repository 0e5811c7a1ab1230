#include "crypto/der_reader.hpp"

#include <string>

namespace mayfly::crypto {
namespace {

std::unexpected<Error> not_der(const char* what) {
  return fail(ErrorCode::malformed, std::string("not DER: ") + what);
}

// X.690 10.1: the shortest form of the length. Returns the content's length and moves `bytes` past
// the length field.
Result<std::size_t> take_length(ByteView& bytes) {
  if (bytes.empty()) {
    return not_der("an element ends before its length");
  }
  const std::uint8_t first = bytes[0];
  bytes = bytes.subspan(1);
  if (first < 0x80) {
    return first;
  }
  const std::size_t count = first & 0x7fU;
  if (count == 0 || count > 4 || count > bytes.size()) {
    return not_der("an indefinite, oversized or truncated length");
  }
  std::size_t length = 0;
  for (const std::uint8_t byte : bytes.first(count)) {
    length = (length << 8U) | byte;
  }
  if (bytes[0] == 0 || length < 0x80) {
    return not_der("a length that is not in its shortest form");
  }
  bytes = bytes.subspan(count);
  return length;
}

}  // namespace

Result<DerElement> DerReader::take() {
  if (rest_.empty()) {
    return not_der("an element is missing");
  }
  const std::uint8_t tag = rest_[0];
  if ((tag & 0x1fU) == 0x1fU) {
    return not_der("a tag of more than one byte");
  }
  ByteView after = rest_.subspan(1);
  TRY(const std::size_t length, take_length(after));
  if (length > after.size()) {
    return not_der("an element is longer than what holds it");
  }
  const std::size_t whole = rest_.size() - after.size() + length;
  const DerElement element{tag, after.first(length), rest_.first(whole)};
  rest_ = rest_.subspan(whole);
  return element;
}

Result<DerElement> DerReader::take(std::uint8_t tag) {
  if (!next_is(tag)) {
    return not_der(rest_.empty() ? "an element is missing" : "an element of another type");
  }
  return take();
}

Result<DerReader> DerReader::enter(std::uint8_t tag) {
  TRY(const DerElement element, take(tag));
  return DerReader(element.content);
}

Result<ByteView> DerReader::take_unsigned_integer() {
  TRY(const DerElement element, take(der_tag::integer));
  const ByteView digits = element.content;
  if (digits.empty()) {
    return not_der("an integer without digits");
  }
  if ((digits[0] & 0x80U) != 0) {
    return not_der("a negative integer where a non-negative one is due");
  }
  if (digits[0] != 0) {
    return digits;
  }
  if (digits.size() > 1 && (digits[1] & 0x80U) == 0) {
    return not_der("an integer that is not in its shortest form");
  }
  return digits.subspan(1);
}

Result<ByteView> DerReader::take_bit_string_bytes() {
  TRY(const DerElement element, take(der_tag::bit_string));
  if (element.content.empty() || element.content[0] != 0) {
    return not_der("a bit string that is not a whole number of bytes");
  }
  return element.content.subspan(1);
}

Result<void> DerReader::expect_end() const {
  if (!rest_.empty()) {
    return not_der("bytes after the last element");
  }
  return {};
}

}  // namespace mayfly::crypto
