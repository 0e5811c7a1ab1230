#include "executor/runner_process.hpp"

#include <poll.h>
#include <signal.h>

#include "base/helper_program.hpp"
#include "executor/cgroup.hpp"

namespace mayfly::executor {
Result<RunnerProcess> RunnerProcess::spawn(const UniqueFd& program) {
  TRY(auto ends, Channel::pair());
  TRY(const pid_t pid, start_helper("mayfly-runner", program, ends.second.fd()));
  return RunnerProcess(pid, std::move(ends.first));
}

RunnerProcess::~RunnerProcess() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  static_cast<void>(wait());
  // Its control groups outlive it; whatever cannot be removed now, the next client tries again.
  static_cast<void>(sweep_stale_cgroups());
}

bool RunnerProcess::is_silent() const {
  pollfd said{channel_.fd().borrow(), POLLIN, 0};
  return ::poll(&said, 1, 0) == 0;
}

void RunnerProcess::hang_up() {
  static_cast<void>(Channel(std::move(channel_)));
}

std::string RunnerProcess::wait() {
  return wait_for_end(std::exchange(pid_, 0));
}

}  // namespace mayfly::executor
