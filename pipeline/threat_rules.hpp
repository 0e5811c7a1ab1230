// Signs of an attack in the record of a run: rules over what the sandbox saw. A finding accuses
// nobody and stops nothing, it says where to look; what a job may not do it could not do anyway.
//
// Shapes    At most one finding for each rule, with how often. None names a file or an address.
// Threads   Pure function.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "executor/sandbox.hpp"

namespace mayfly::pipeline {

enum class ThreatRule : std::uint8_t {
  denied_tool,      // stopped at a program that is not among the tools
  escape_call,      // stopped at a system call that no job needs
  file_scan,        // looked for many files that are not there
  fork_bomb,        // as many processes as it may have, or no end of programs
  network_attempt,  // asked for an address
  network_scan,     // asked for many
  resource_bomb,    // stopped at its memory, disk or CPU limit
  sensitive_path,   // asked for what only an attacker looks for
};
enum class Severity : std::uint8_t { low, medium, high };

std::string_view to_string(ThreatRule rule);
std::string_view to_string(Severity severity);

struct Finding {
  ThreatRule rule = ThreatRule::denied_tool;
  Severity severity = Severity::low;
  std::int64_t count = 0;
  bool operator==(const Finding&) const = default;
};

// From this many on it is no accident.
inline constexpr std::int64_t missing_files_of_a_scan = 200;
inline constexpr std::int64_t addresses_of_a_scan = 16;
inline constexpr std::int64_t programs_of_a_fork_bomb = 2'000;

// `loopback_port`: the one address that the run might connect to.
std::vector<Finding> find_threats(const executor::RunReport& report,
                                  std::optional<std::uint16_t> loopback_port = std::nullopt);

}  // namespace mayfly::pipeline
