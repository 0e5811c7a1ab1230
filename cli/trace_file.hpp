// A trace file, one line at a time: it may be larger than memory.
//
// Errors    unavailable: it cannot be read. What `on_line` gives ends the reading.
// Threads   One caller.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "verifier/trace_check.hpp"

namespace mayfly::cli {

// A line without its line end. Of one that is too long a part, which no parser takes; nothing after
// it is read.
Result<void> read_trace_lines(const std::string& path,
                              const std::function<Result<void>(std::string_view)>& on_line);
Result<verifier::GivenTrace> read_trace(const std::string& path);

}  // namespace mayfly::cli
