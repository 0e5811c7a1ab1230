// Text that a job or a caller chose, made fit for JSON: names and arguments may be any bytes.
//
// Threads   Pure functions.
#pragma once
#include <string>
#include <string_view>

namespace mayfly::pipeline {

bool is_utf8(std::string_view text);

// Unchanged if it is UTF-8 without control characters and '%'; otherwise those bytes as "%1b", so
// that two different names never become one.
std::string printable_name(std::string_view name);

}  // namespace mayfly::pipeline
