// What is wrong with a command line, and what was probably meant.
//
// Errors    malformed, with a message for people.
// Threads   Before any other.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "cli/command_line.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 is called so
class ParseError;
}

namespace mayfly::cli {

// Before parsing: a verb that is none, and "--option=" with nothing behind it.
Result<void> check_words(const CLI::App& app, Words words);

// After parsing: an option or operand that is there and empty.
Result<void> check_values(const CLI::App& app);

// A better message than the parser's, where there is one.
std::string explain(const CLI::App& app, const CLI::ParseError& error, Words words);

// Prints the message and where to read on; returns the exit status.
int report_usage(const CLI::App& app, Words words, std::string_view message);

}  // namespace mayfly::cli
