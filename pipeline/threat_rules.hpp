// Signs of an attack in the record of a run: rules over what the sandbox saw. A finding accuses
// nobody and stops nothing, it says where to look; what a job may not do it could not do anyway.
//
// Shapes    At most one finding for each rule, with how often. None names a file or an address.
//           Told of each event as it comes; memory has a bound: past addresses_told_apart_max more
//           addresses are not counted.
// Threads   One object, one thread.
#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>
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

inline constexpr std::size_t addresses_told_apart_max = 4096;

// Calls for an address that were not granted, by family.
struct RefusedAddresses {
  std::int64_t inet = 0;
  std::int64_t local = 0;  // a path
  std::int64_t other = 0;
  bool operator==(const RefusedAddresses&) const = default;
};

class ThreatSigns {
 public:
  // `loopback_port`: the one address that the run might connect to.
  explicit ThreatSigns(std::optional<std::uint16_t> loopback_port)
      : loopback_port_(loopback_port) {}

  void add(const executor::Event& event);
  const RefusedAddresses& refused_addresses() const { return refused_; }
  // `report`: of the run whose events were told.
  std::vector<Finding> findings(const executor::RunReport& report) const;

 private:
  void add_address(const executor::FileEvent& event);
  void add_outcome(const executor::RunReport& report, std::vector<Finding>& findings) const;

  std::optional<std::uint16_t> loopback_port_;
  std::int64_t programs_ = 0;
  std::int64_t missing_ = 0;
  std::int64_t sensitive_ = 0;
  std::set<std::string> addresses_;
  RefusedAddresses refused_;
};

}  // namespace mayfly::pipeline
