#include "base/byte_reader.hpp"

#include <string>

namespace mayfly {
namespace {

template <class T>
T little_endian(ByteView bytes) {
  T value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = static_cast<T>((static_cast<std::uint64_t>(value) << 8) | bytes[i]);
  }
  return value;
}

template <class T>
T big_endian(ByteView bytes) {
  T value = 0;
  for (const std::uint8_t byte : bytes) {
    value = static_cast<T>((static_cast<std::uint64_t>(value) << 8) | byte);
  }
  return value;
}

}  // namespace

Result<ByteView> ByteReader::take(std::size_t count) {
  if (count > remaining()) {
    return fail(ErrorCode::malformed, "truncated at byte " + std::to_string(offset_) + ": wanted " +
                                          std::to_string(count) + " bytes, " +
                                          std::to_string(remaining()) + " left");
  }
  const ByteView view = bytes_.subspan(offset_, count);
  offset_ += count;
  return view;
}

Result<std::uint8_t> ByteReader::take_u8() {
  TRY(const ByteView view, take(1));
  return view[0];
}
Result<std::uint16_t> ByteReader::take_u16_le() {
  TRY(const ByteView view, take(2));
  return little_endian<std::uint16_t>(view);
}
Result<std::uint32_t> ByteReader::take_u32_le() {
  TRY(const ByteView view, take(4));
  return little_endian<std::uint32_t>(view);
}
Result<std::uint64_t> ByteReader::take_u64_le() {
  TRY(const ByteView view, take(8));
  return little_endian<std::uint64_t>(view);
}
Result<std::uint16_t> ByteReader::take_u16_be() {
  TRY(const ByteView view, take(2));
  return big_endian<std::uint16_t>(view);
}
Result<std::uint32_t> ByteReader::take_u32_be() {
  TRY(const ByteView view, take(4));
  return big_endian<std::uint32_t>(view);
}
Result<std::uint64_t> ByteReader::take_u64_be() {
  TRY(const ByteView view, take(8));
  return big_endian<std::uint64_t>(view);
}

}  // namespace mayfly
