// A string as a JSON string, for the small objects that --json prints.
#pragma once
#include <string>
#include <string_view>

namespace mayfly::cli {

// Escapes what JSON needs and everything a terminal could act on; bytes that are not UTF-8 become
// U+FFFD.
std::string json_text(std::string_view text);

}  // namespace mayfly::cli
