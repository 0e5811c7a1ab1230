// Letters and digits of protocols and formats. Names of protocols (header fields, schemes, media
// types), which are compared as ASCII without case: no locale has a say.
//
// Source    RFC 9110 section 5.1, RFC 5234 section 2.3.
// Threads   Pure functions.
#pragma once
#include <algorithm>
#include <string_view>

namespace mayfly {

constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool is_ascii_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr bool same_without_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, ascii_lower, ascii_lower);
}

}  // namespace mayfly
