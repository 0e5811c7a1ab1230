#include "intake/file_name.hpp"

#include <cstdint>
#include <optional>

namespace mayfly::intake {
namespace {

struct Decoded {
  std::uint32_t code_point;
  std::size_t bytes;
};

// RFC 3629: shortest form only, no surrogates, nothing above U+10FFFF.
std::optional<Decoded> decode_utf8(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = at(0);
  if (lead < 0x80) return Decoded{lead, 1};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return std::nullopt;
  std::uint32_t code_point = lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((at(i) & 0xC0U) != 0x80) return std::nullopt;
    code_point = code_point << 6U | (at(i) & 0x3FU);
  }
  const bool overlong = (bytes == 3 && code_point < 0x800) || (bytes == 4 && code_point < 0x10000);
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (overlong || surrogate || code_point > 0x10FFFF) return std::nullopt;
  return Decoded{code_point, bytes};
}

Result<void> check_characters(std::string_view name) {
  for (std::size_t i = 0; i < name.size();) {
    const auto decoded = decode_utf8(name.substr(i));
    if (!decoded) {
      return fail(ErrorCode::malformed,
                  "the file name \"" + printable(name) + "\" is not UTF-8: rename the file");
    }
    const std::uint32_t c = decoded->code_point;
    if (c < 0x20 || (c >= 0x7F && c <= 0x9F)) {
      return fail(ErrorCode::malformed, "the file name \"" + printable(name) +
                                            "\" holds a control character: rename the file");
    }
    i += decoded->bytes;
  }
  return {};
}

}  // namespace

std::string printable(std::string_view name) {
  constexpr std::size_t shown_max = 80;
  std::string shown;
  for (const char c : name.substr(0, shown_max)) shown += c >= 0x20 && c < 0x7F ? c : '?';
  if (name.size() > shown_max) shown += "...";
  return shown;
}

Result<void> check_file_name(std::string_view name) {
  if (name.size() > file_name_bytes_max) {
    return fail(ErrorCode::limit, "the file name \"" + printable(name) + "\" is longer than " +
                                      std::to_string(file_name_bytes_max) +
                                      " bytes (file_name_bytes_max): shorten it");
  }
  CHECK_OK(check_characters(name));
  std::size_t parts = 0;
  for (std::size_t start = 0; start <= name.size();) {
    const std::size_t end = std::min(name.find('/', start), name.size());
    const std::string_view part = name.substr(start, end - start);
    if (part.empty() || part == "." || part == "..") {
      return fail(ErrorCode::malformed,
                  "the file name \"" + printable(name) +
                      "\" is not a relative path of plain parts (no \"\", \".\" or \"..\")");
    }
    if (part.size() > file_name_part_bytes_max) {
      return fail(ErrorCode::limit, "a part of the file name \"" + printable(name) +
                                        "\" is longer than " +
                                        std::to_string(file_name_part_bytes_max) +
                                        " bytes (file_name_part_bytes_max): shorten it");
    }
    ++parts;
    start = end + 1;
  }
  if (parts > file_name_parts_max) {
    return fail(ErrorCode::limit, "the file name \"" + printable(name) + "\" is deeper than " +
                                      std::to_string(file_name_parts_max) +
                                      " levels (file_name_parts_max): move the file up");
  }
  return {};
}

}  // namespace mayfly::intake
