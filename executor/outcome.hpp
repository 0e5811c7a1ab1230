// From what the kernel counted and what we did, the one outcome of a run.
//
// Shapes    Our own reason for ending the job wins: a timeout is never reported as anything else.
// Threads   Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "executor/sandbox.hpp"

namespace mayfly::executor {

struct EndFacts {
  std::optional<Outcome> our_reason{};  // why we ended it, if we did
  std::optional<std::string> not_started{};
  std::optional<int> job_status{};     // of its first process, as wait(2) gives it
  std::optional<long> refused_call{};  // the system call the filter killed it for
  std::int64_t oom_kills = 0;
  std::int64_t pids_limit_hits = 0;
  bool disk_is_full = false;  // when its first process had ended
};

Outcome classify(const EndFacts& facts);

}  // namespace mayfly::executor
