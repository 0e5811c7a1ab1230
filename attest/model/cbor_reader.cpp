#include "attest/model/cbor_reader.hpp"

#include <algorithm>
#include <limits>
#include <string>

namespace mayfly::attest {
namespace {

// RFC 8949, 3.1.
constexpr std::uint8_t major_unsigned = 0;
constexpr std::uint8_t major_negative = 1;
constexpr std::uint8_t major_bytes = 2;
constexpr std::uint8_t major_text = 3;
constexpr std::uint8_t major_array = 4;
constexpr std::uint8_t major_map = 5;
constexpr std::uint8_t indefinite_map_byte = 0xbf;
constexpr std::uint8_t break_byte = 0xff;
constexpr std::uint8_t null_byte = 0xf6;
constexpr std::uint8_t tag_base = 0xc0;

std::unexpected<Error> malformed(const char* what) {
  return fail(ErrorCode::malformed, std::string("not the CBOR that is due: ") + what);
}

}  // namespace

Result<CborReader::Head> CborReader::take_head() {
  if (rest_.empty()) {
    return malformed("an item is missing");
  }
  const auto major = static_cast<std::uint8_t>(rest_[0] >> 5U);
  const unsigned additional = rest_[0] & 0x1fU;
  if (additional < 24) {
    rest_ = rest_.subspan(1);
    return Head{major, additional};
  }
  if (additional > 27) {
    return malformed("an indefinite length or a reserved head");
  }
  const std::size_t width = std::size_t{1} << (additional - 24);
  if (rest_.size() < 1 + width) {
    return malformed("a head is cut off");
  }
  std::uint64_t argument = 0;
  for (const std::uint8_t byte : rest_.subspan(1, width)) {
    argument = (argument << 8U) | byte;
  }
  const std::uint64_t least = width == 1 ? 24 : std::uint64_t{1} << (8 * (width / 2));
  if (argument < least) {
    return malformed("a number or length that is not in its shortest form");
  }
  rest_ = rest_.subspan(1 + width);
  return Head{major, argument};
}

Result<std::uint64_t> CborReader::take_head_of(std::uint8_t major, const char* wanted) {
  if (rest_.empty() || rest_[0] >> 5U != major) {
    return malformed(wanted);
  }
  TRY(const Head head, take_head());
  return head.argument;
}

Result<std::uint64_t> CborReader::take_unsigned() {
  return take_head_of(major_unsigned, "a non-negative number is missing");
}

Result<std::int64_t> CborReader::take_integer() {
  TRY(const Head head, take_head());
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  if ((head.major != major_unsigned && head.major != major_negative) || head.argument > most) {
    return malformed("a number of at most 63 bits is missing");
  }
  const auto value = static_cast<std::int64_t>(head.argument);
  return head.major == major_unsigned ? value : -1 - value;
}

Result<ByteView> CborReader::take_string(std::uint8_t major, std::size_t bytes_max,
                                         const char* wanted) {
  TRY(const std::uint64_t size, take_head_of(major, wanted));
  if (size > rest_.size()) {
    return malformed("a string is longer than what holds it");
  }
  if (size > bytes_max) {
    return fail(ErrorCode::limit, "a CBOR string of " + std::to_string(size) +
                                      " bytes, where at most " + std::to_string(bytes_max) +
                                      " are due");
  }
  const ByteView content = rest_.first(static_cast<std::size_t>(size));
  rest_ = rest_.subspan(content.size());
  return content;
}

Result<ByteView> CborReader::take_bytes(std::size_t bytes_max) {
  return take_string(major_bytes, bytes_max, "a byte string is missing");
}

Result<std::string_view> CborReader::take_text(std::size_t bytes_max) {
  TRY(const ByteView content, take_string(major_text, bytes_max, "a text is missing"));
  const bool is_plain =
      std::ranges::all_of(content, [](std::uint8_t byte) { return byte >= 0x20 && byte < 0x7f; });
  if (!is_plain) {
    return malformed("a text of other characters than printable ASCII");
  }
  return text_of(content);
}

Result<std::size_t> CborReader::enter_array(std::size_t items_max) {
  TRY(const std::uint64_t count, take_head_of(major_array, "an array is missing"));
  if (count > items_max) {
    return fail(ErrorCode::limit, "a CBOR array of " + std::to_string(count) +
                                      " items, where at most " + std::to_string(items_max) +
                                      " are due");
  }
  return static_cast<std::size_t>(count);
}

Result<std::optional<std::size_t>> CborReader::enter_map(std::size_t pairs_max,
                                                         IndefiniteMap indefinite) {
  if (indefinite == IndefiniteMap::accept && !rest_.empty() && rest_[0] == indefinite_map_byte) {
    rest_ = rest_.subspan(1);
    return std::optional<std::size_t>();
  }
  TRY(const std::uint64_t count, take_head_of(major_map, "a map is missing"));
  if (count > pairs_max) {
    return fail(ErrorCode::limit, "a CBOR map of " + std::to_string(count) +
                                      " pairs, where at most " + std::to_string(pairs_max) +
                                      " are due");
  }
  return std::optional<std::size_t>(static_cast<std::size_t>(count));
}

bool CborReader::take_map_end() {
  if (rest_.empty() || rest_[0] != break_byte) {
    return false;
  }
  rest_ = rest_.subspan(1);
  return true;
}

bool CborReader::take_null() {
  if (rest_.empty() || rest_[0] != null_byte) {
    return false;
  }
  rest_ = rest_.subspan(1);
  return true;
}

bool CborReader::take_tag(std::uint8_t tag) {
  if (tag >= 24 || rest_.empty() || rest_[0] != (tag_base | tag)) {
    return false;
  }
  rest_ = rest_.subspan(1);
  return true;
}

Result<void> CborReader::expect_end() const {
  if (!rest_.empty()) {
    return malformed("bytes follow the last item");
  }
  return {};
}

}  // namespace mayfly::attest
