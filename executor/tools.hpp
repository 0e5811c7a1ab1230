// Tool names of a request ("python", "grep") -> the programs of the image that they may execute.
//
// Shapes    Absolute, symlink-free paths below /usr of the host, sorted, without duplicates.
// Errors    malformed: an unknown tool; the message names it and the known ones.
//           unavailable: a known tool that this machine lacks; names the Debian package.
// Threads   Pure, except that it looks at the file system.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace mayfly::executor {

Result<std::vector<std::string>> programs_of_tools(std::span<const std::string> tools);

std::span<const std::string_view> known_tools();  // sorted

// The tool that a program of the image belongs to, by its absolute, symlink-free path; absent for
// any other file. Does not look at the file system.
std::optional<std::string_view> tool_of_program(const std::string& path);

}  // namespace mayfly::executor
