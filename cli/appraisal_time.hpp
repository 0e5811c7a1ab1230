// The point in time that is judged for: the one a caller names with --at, or now.
//
// Shapes    RFC 3339 with 'T', seconds, at most milliseconds, and 'Z' or a numeric offset; or Unix
//           milliseconds as decimal digits. Years 1970..9999.
// Errors    malformed, with both forms in the message.
// Threads   Any.
#pragma once
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace mayfly::cli {

UnixMillis clock_now();
Result<UnixMillis> parse_appraisal_time(std::string_view text);

}  // namespace mayfly::cli
