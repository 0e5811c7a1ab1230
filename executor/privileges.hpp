// Giving up: capabilities, securebits, new privileges, descriptors, resource limits. In the child,
// one way.
//
// Errors    unavailable or internal, naming the step: a step that cannot be done ends the child.
// Threads   Confines the calling thread; the child has one.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "base/result.hpp"
#include "executor/sandbox.hpp"

namespace mayfly::executor {

// Empties the permitted, effective, inheritable, ambient and bounding sets, locks securebits so
// that no exec refills them, sets no_new_privs. The process stays dumpable: its /proc entries
// belong to the job's user.
Result<void> drop_privileges();

// Closes every descriptor but these and 0, 1, 2.
Result<void> close_all_but(std::span<const int> kept);

// What no control group limits; and what stands in for the ones that are missing.
struct ResourceLimits {
  Limits job;
  enum class Backstop : std::uint8_t { absent, present };
  Backstop memory_group = Backstop::present;  // absent: RLIMIT_DATA, per process
  Backstop pids_group = Backstop::present;    // absent: RLIMIT_NPROC, per user namespace
};
Result<void> set_resource_limits(const ResourceLimits& limits);
// By itself and last: what this process has already may be more than the job is allowed.
Result<void> set_memory_limit(const ResourceLimits& limits);
std::map<std::string, std::string> describe(const ResourceLimits& limits);

// A machine that runs out of memory ends the job, not what serves others. While the process still
// has the user it was made by, who owns its entries in the host's /proc.
Result<void> be_first_to_go();

// Scheduling class, signal mask and dispositions, umask, personality: nothing is inherited.
Result<void> reset_inherited_state();

}  // namespace mayfly::executor
