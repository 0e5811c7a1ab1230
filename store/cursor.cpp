#include "store/cursor.hpp"

#include <algorithm>

#include "base/byte_reader.hpp"
#include "base/text_encoding.hpp"

namespace mayfly::store {

bool is_certificate_id(std::string_view text, std::size_t digits_min) {
  if (!text.starts_with(certificate_id_prefix)) return false;
  const std::string_view digits = text.substr(certificate_id_prefix.size());
  return digits.size() >= digits_min && digits.size() <= certificate_id_digits &&
         std::ranges::all_of(digits, [](char digit) {
           return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
         });
}

std::string encode_cursor(const PagePosition& position) {
  Bytes bytes;
  const auto time = static_cast<std::uint64_t>(position.issued_at.value);
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<std::uint8_t>(time >> shift));
  }
  const ByteView id = bytes_of(position.certificate_id);
  bytes.insert(bytes.end(), id.begin(), id.end());
  return base64url_encode(bytes);
}

Result<PagePosition> decode_cursor(std::string_view cursor) {
  constexpr std::string_view complaint =
      "the cursor is not one that a search returned; start again without it";
  constexpr std::size_t id_bytes = certificate_id_prefix.size() + certificate_id_digits;
  const auto decoded = base64url_decode(cursor);
  if (!decoded || decoded->size() != 8 + id_bytes) {
    return fail(ErrorCode::malformed, std::string(complaint));
  }
  ByteReader reader(*decoded);
  TRY(const auto high, reader.take_u32_be());
  TRY(const auto low, reader.take_u32_be());
  TRY(const auto id, reader.take(id_bytes));
  if (!is_certificate_id(text_of(id), certificate_id_digits)) {
    return fail(ErrorCode::malformed, std::string(complaint));
  }
  const std::uint64_t time = (std::uint64_t{high} << 32) | low;
  return PagePosition{{static_cast<std::int64_t>(time)}, std::string(text_of(id))};
}

}  // namespace mayfly::store
