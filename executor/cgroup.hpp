// The control groups of one run: limits set before the job runs, counters read after it is dead.
//
// Source    Linux Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/*.rst. Where our groups are
//           comes from /proc/self/cgroup and /proc/self/mountinfo, never from a fixed path.
// Shapes    v2 (a directory of a subtree we may write), v1 (one directory per controller), hybrid
//           (v1 controllers, v2 for killing), none (an ordinary user without delegation). `none`
//           is a value: it limits nothing and in_force() says so.
// Errors    unavailable: a controller is there and cannot be set. Absent is recorded, not an error.
// Threads   Immutable after create() and limit(); kill_all() from any thread. enter() moves the
//           calling thread alone: for a process that has no other.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "executor/sandbox.hpp"

namespace mayfly::executor {

class RunCgroup {
 public:
  // A fresh group per hierarchy, named after this process (the runner), without limits yet.
  static Result<RunCgroup> create();
  // The same, with the limits in force.
  static Result<RunCgroup> create(const Limits& limits);
  // Sets every limit and reads it back: what in_force() says from then on. limit: what is inside
  // already has more than `limits` allow.
  Result<void> limit(const Limits& limits);

  RunCgroup(RunCgroup&&) noexcept;
  RunCgroup& operator=(RunCgroup&&) noexcept;
  ~RunCgroup();  // kills what is left inside and removes the directories

  // How a process gets inside: it is cloned into the v2 group, and moves itself into the v1 groups
  // before it does anything else. Moving another process instead waits ~10 ms after an idle time:
  // the kernel stops every fork and exit of the machine for it, by way of an RCU grace period. A
  // thread that moves itself has no need of that.
  // A directory descriptor for clone3's CLONE_INTO_CGROUP; -1 when there is no v2 group.
  int v2_fd() const;
  // In the new process: what is left to do after v2_fd().
  Result<void> enter() const;
  // From outside, before the process is let go: it is where it should be, by /proc/PID/cgroup.
  Result<void> verify(pid_t pid) const;

  // SIGKILL to every process inside; returns when the groups are empty.
  Result<void> kill_all() const;

  // How many processes are inside, as the kernel lists them. Absent: there is no group.
  Result<std::optional<std::int64_t>> members() const;

  struct Counters {
    std::int64_t oom_kills = 0;
    std::int64_t memory_peak_bytes = 0;
    std::int64_t cpu_us = 0;
    std::int64_t pids_limit_hits = 0;
  };
  Result<Counters> counters() const;  // 0 where the controller is absent: see in_force()

  // Removes the directories. The value: how many are left, 0 when clean.
  Result<std::int64_t> remove() &&;

  // {"cgroup":"v1","cgroup_memory":"536870912",...} or {"cgroup":"none: not enforced", ...}
  std::map<std::string, std::string> in_force() const;

 private:
  struct State;
  explicit RunCgroup(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Removes the groups of runners that are dead (and only theirs). The value: how many went.
Result<int> sweep_stale_cgroups();

}  // namespace mayfly::executor
