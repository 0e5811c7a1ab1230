#include "transparency/text_line.hpp"

#include <charconv>

#include "base/text_encoding.hpp"
#include "transparency/merkle.hpp"

namespace mayfly::transparency {

Result<std::string_view> LineReader::take(std::string_view wanted) {
  const std::size_t end = rest_.find('\n');
  if (end == std::string_view::npos) {
    return fail(ErrorCode::malformed, "wanted " + std::string(wanted) + ": a line is missing");
  }
  const std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(end + 1);
  return line;
}

bool LineReader::next_is(std::string_view key) const {
  return rest_.starts_with(key) && rest_.size() > key.size() && rest_[key.size()] == ' ';
}

Result<std::string_view> LineReader::take_value(std::string_view key) {
  if (!next_is(key)) {
    return fail(ErrorCode::malformed, "wanted a line \"" + std::string(key) + " ...\"");
  }
  TRY(const std::string_view line, take(key));
  return line.substr(key.size() + 1);
}

Result<void> LineReader::expect(std::string_view line) {
  TRY(const std::string_view found, take("\"" + std::string(line) + "\""));
  if (found != line) {
    return fail(ErrorCode::malformed, "wanted the line \"" + std::string(line) + "\"");
  }
  return {};
}

Result<void> LineReader::expect_end() const {
  if (rest_.empty()) return {};
  return fail(ErrorCode::malformed, "there are lines after the last one that belongs here");
}

Result<std::uint64_t> parse_decimal(std::string_view text) {
  const auto malformed = [] {
    return fail(ErrorCode::malformed, "wanted a decimal number without leading zeroes, below 2^63");
  };
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return malformed();
  if (text.find_first_not_of("0123456789") != std::string_view::npos) return malformed();
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value > decimal_max) return malformed();
  return value;
}

std::string hash_to_base64(const crypto::Sha256& hash) {
  return base64_encode(hash.view());
}

Result<crypto::Sha256> hash_from_base64(std::string_view text) {
  TRY(const Bytes bytes, base64_decode(text));
  return hash_from_bytes(bytes);
}

}  // namespace mayfly::transparency
