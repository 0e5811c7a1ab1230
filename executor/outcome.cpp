#include "executor/outcome.hpp"

#include <sys/wait.h>

#include <csignal>

namespace mayfly::executor {

Outcome classify(const EndFacts& facts) {
  if (facts.our_reason) return *facts.our_reason;
  // Whatever the job made of it: one of its processes was killed for memory.
  if (facts.oom_kills > 0) return LimitHit{LimitKind::memory};
  if (facts.not_started) return NotStarted{*facts.not_started};
  const int status = facts.job_status.value_or(SIGKILL);
  if (WIFSIGNALED(status)) {
    switch (WTERMSIG(status)) {
      case SIGSYS:
        return Denied{"system call" +
                      (facts.refused_call ? " " + std::to_string(*facts.refused_call) : "")};
      case SIGXCPU: return LimitHit{LimitKind::cpu};
      case SIGXFSZ: return LimitHit{LimitKind::disk};
      default: break;
    }
  }
  const bool succeeded = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (!succeeded && facts.pids_limit_hits > 0) return LimitHit{LimitKind::pids};
  if (!succeeded && facts.disk_is_full) return LimitHit{LimitKind::disk};
  if (WIFEXITED(status)) return Exited{WEXITSTATUS(status)};
  return Signalled{WTERMSIG(status)};
}

}  // namespace mayfly::executor
