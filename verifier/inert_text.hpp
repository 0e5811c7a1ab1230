// Text from a certificate, made safe to print: nothing in it can move the cursor, change a colour,
// reorder or hide what stands beside it.
//
// Source    Unicode 15 general categories Cc, Cf, Zl, Zp and the variation selectors; bytes that
//           are not UTF-8.
// Threads   Pure functions.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace mayfly::verifier {

// For a terminal: such characters become "\u{202e}" or "\x9b", a backslash "\\"; cut after
// `bytes_max` bytes of input, which then shows as "... (n bytes)".
std::string inert_text(std::string_view text, std::size_t bytes_max);

// A JSON string with its quotes: such characters become "\u202e"; bytes that are not UTF-8, U+FFFD.
std::string inert_json_string(std::string_view text);

}  // namespace mayfly::verifier
