// A sandbox from clone to the moment before its job's program starts, and its certain end.
//
// Shapes    start(), wait_until_rooted() and wait_until_built() make what every run needs and know
//           nothing of any; finish_root() and order_job() make it the sandbox of one;
//           wait_until_ready() returns with the job's process waiting, not yet running. So one can
//           be made long before it is used. Once. What does not wait leaves time for other work.
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
#include "executor/phases.hpp"
#include "executor/sandbox_protocol.hpp"
#include "executor/wire.hpp"

namespace mayfly::executor {

// How long one step of building a sandbox may take.
inline constexpr int setup_step_ms_max = 30'000;

class LiveSandbox {
 public:
  // `plan` gives away what only the sandbox should hold: output ends, the listener's way out.
  // Does not wait: the sandbox builds its root meanwhile.
  static Result<LiveSandbox> start(SandboxPlan& plan, const RunCgroup& cgroup, Phases& phases);
  // From here on it may be entered. It makes the job's process meanwhile.
  Result<void> wait_until_rooted(const RunCgroup& cgroup);
  Result<void> wait_until_built();

  LiveSandbox(LiveSandbox&&) noexcept;
  LiveSandbox& operator=(LiveSandbox&&) = delete;
  ~LiveSandbox();  // kills and reaps everything

  // `dataset`: descriptors open for reading, in the order of their names. These two do not wait.
  Result<void> finish_root(const RootOrder& order, std::vector<UniqueFd> dataset) const;
  Result<void> order_job(const JobOrder& order) const;
  Result<void> wait_until_locked();  // pid 1 has done its part
  Result<void> wait_until_ready();
  Result<void> release() const;  // the job's program starts

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
  LiveSandbox(pid_t init, UniqueFd pidfd, SandboxChannels channels)
      : init_(init),
        pidfd_(std::move(pidfd)),
        channel_(std::move(channels.answers)),
        job_channel_(std::move(channels.job)) {}
  // A word of the protocol and who said it; an error that the sandbox reported is returned as such.
  struct Heard {
    Word word;
    pid_t sender;
    std::vector<UniqueFd> descriptors{};
  };
  Result<Heard> hear(int timeout_ms) const;
  Result<void> hear_progress();

  pid_t init_ = 0;
  pid_t job_ = 0;
  bool locked_ = false;
  bool job_waits_ = false;
  UniqueFd pidfd_;
  Channel channel_;
  Channel job_channel_;
  std::string pid_namespace_;
  UniqueFd loopback_listener_;
};

}  // namespace mayfly::executor
