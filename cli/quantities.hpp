// Sizes and durations as people type them.
//
// Shapes    "512m" "512MiB" "1g" "65536" -> bytes (k, m, g are powers of 1024, as Docker reads
//           them). "300s" "5m" "1500ms" "2h" "300" -> milliseconds (a bare number is seconds).
// Errors    malformed: what was read and the accepted forms.  limit: over 2^53-1.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace mayfly::cli {

Result<std::int64_t> parse_bytes(std::string_view text);
Result<std::int64_t> parse_duration_ms(std::string_view text);
std::string show_bytes(std::int64_t bytes);         // "512 MiB", "1.4 KiB"
std::string show_duration_ms(std::int64_t millis);  // "1.25 s", "340 ms"

}  // namespace mayfly::cli
