// How canonical JSON spells strings: well-formed UTF-8, RFC 8785's escapes, and the order of names.
//
// Source    RFC 8785 sections 3.2.2.2 and 3.2.3; RFC 3629. U+0000 is refused besides.
// Errors    malformed: not well-formed UTF-8, or U+0000.
// Threads   Pure functions.
#pragma once
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace mayfly::certificate {

// Length in bytes of the well-formed UTF-8 sequence that starts at `at`; 0 if none does (overlong,
// surrogate, above U+10FFFF, cut short). Precondition: at < text.size().
std::size_t utf8_sequence_bytes(std::string_view text, std::size_t at);

// How many bytes from `at` on stand for themselves: ASCII but controls, '"' and '\'.
inline std::size_t plain_run_bytes(std::string_view text, std::size_t at) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t tops = 0x8080808080808080;
  const std::size_t begin = at;
  // Eight bytes at a time. A borrow can only mark bytes after the first true mark, and only the
  // first mark is used.
  while (std::endian::native == std::endian::little && text.size() - at >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    const std::uint64_t quote = word ^ (ones * '"');
    const std::uint64_t backslash = word ^ (ones * '\\');
    const std::uint64_t special = ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
                                  ((word - ones * 0x20) & ~word) | word;
    if ((special & tops) != 0) {
      return at - begin + static_cast<std::size_t>(std::countr_zero(special & tops)) / 8;
    }
    at += 8;
  }
  while (at < text.size()) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\') {
      break;
    }
    ++at;
  }
  return at - begin;
}

// Length in bytes of the canonical escape at `at` (where a '\' stands): "\n" is one, "\u000a" and
// "\/" are not. 0 if none.
std::size_t canonical_escape_bytes(std::string_view text, std::size_t at);

// Appends `utf8` as the inside of a canonical string, without the quotes.
Result<void> append_escaped(std::string& out, std::string_view utf8);

// Precondition: `canonical` is the inside of a canonical string.
std::string unescape_canonical(std::string_view canonical);

// Order of two member names by the UTF-16 code units they stand for.
// Precondition: both are insides of canonical strings.
std::strong_ordering compare_names(std::string_view a, std::string_view b);

}  // namespace mayfly::certificate
