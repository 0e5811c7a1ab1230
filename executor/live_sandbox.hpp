// A sandbox from clone to the moment before its job's program starts, and its certain end.
//
// Shapes    start() returns with the job's process waiting: inside every limit, not yet running.
// Errors    unavailable or malformed, from the sandbox itself, naming the step; internal: it died.
//           After an error nothing of it is left.
// Threads   Forks and waits for children: the caller is single-threaded and has no others.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "executor/cgroup.hpp"
#include "executor/sandbox_protocol.hpp"

namespace mayfly::executor {

// How long one step of building a sandbox may take.
inline constexpr int setup_step_ms_max = 30'000;

class LiveSandbox {
 public:
  // `plan` gives away what only the sandbox should hold: dataset descriptors, output ends.
  static Result<LiveSandbox> start(SandboxPlan& plan, const RunCgroup& cgroup);

  LiveSandbox(LiveSandbox&&) noexcept;
  LiveSandbox& operator=(LiveSandbox&&) = delete;
  ~LiveSandbox();  // kills and reaps everything

  pid_t init() const { return init_; }
  pid_t job() const { return job_; }
  const UniqueFd& pidfd() const { return pidfd_; }  // of init()
  const Channel& channel() const { return channel_; }
  // What SandboxSpec::loopback_port asked for, once.
  UniqueFd take_loopback_listener() { return std::move(loopback_listener_); }
  const std::string& pid_namespace() const { return pid_namespace_; }  // "pid:[4026532211]"

  // SIGKILL to pid 1, and so to every process of its pid namespace.
  void kill() const;
  // wait4 has answered for pid 1: the kernel has ended and reaped everything inside.
  void set_reaped() { init_ = 0; }
  bool is_reaped() const { return init_ == 0; }

 private:
  LiveSandbox(pid_t init, UniqueFd pidfd, Channel channel)
      : init_(init), pidfd_(std::move(pidfd)), channel_(std::move(channel)) {}
  // A word of the protocol and who said it; an error that the sandbox reported is returned as such.
  struct Heard {
    Word word;
    pid_t sender;
    std::vector<UniqueFd> descriptors{};
  };
  Result<Heard> hear(int timeout_ms) const;
  Result<void> bring_up(const SandboxPlan& plan, const RunCgroup& cgroup);

  pid_t init_ = 0;
  pid_t job_ = 0;
  UniqueFd pidfd_;
  Channel channel_;
  std::string pid_namespace_;
  UniqueFd loopback_listener_;
};

}  // namespace mayfly::executor
