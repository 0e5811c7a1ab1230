#include "executor/live_sandbox.hpp"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "executor/init_process.hpp"
#include "executor/namespaces.hpp"
#include "executor/wire.hpp"

namespace mayfly::executor {

Result<LiveSandbox> LiveSandbox::start(SandboxPlan& plan, const RunCgroup& cgroup) {
  TRY(auto ends, Channel::pair());
  CHECK_OK(ends.first.identify_senders());
  TRY(ClonedProcess cloned, clone_into_namespaces(cgroup.v2_fd()));
  if (cloned.pid == 0) {
    // With our end open in the sandbox, it would never see that we are gone.
    static_cast<void>(UniqueFd(ends.first.fd().borrow()));
    run_init(plan, std::move(ends.second));
  }
  LiveSandbox sandbox(cloned.pid, std::move(cloned.pidfd), std::move(ends.first));
  static_cast<void>(Channel(std::move(ends.second)));
  if (auto up = sandbox.bring_up(plan, cgroup); !up) return std::unexpected(up.error());
  plan.listener.reset();
  plan.dataset.clear();
  plan.stdout_end.reset();
  plan.stderr_end.reset();
  plan.scratch.mount.reset();
  return sandbox;
}

Result<void> LiveSandbox::bring_up(const SandboxPlan& plan, const RunCgroup& cgroup) {
  CHECK_OK(write_user_mapping(init_, plan.user));
  CHECK_OK(say(channel_, Word::build));
  // While it builds: it is our own code until start_job, so it may still be outside its limits.
  if (auto attached = cgroup.attach(init_); !attached) {
    // Of a sandbox that has just given up, its own reason says more.
    TRY([[maybe_unused]] const Heard reason, hear(setup_step_ms_max));
    return attached;
  }
  TRY(pid_namespace_, pid_namespace_of(init_));
  TRY(Heard built, hear(setup_step_ms_max));
  const std::size_t listeners = plan.request.spec.loopback_port ? 1 : 0;
  if (built.word != Word::root_ready || built.descriptors.size() != listeners) {
    return fail(ErrorCode::internal, "the sandbox did not say that it is built");
  }
  if (listeners != 0) loopback_listener_ = std::move(built.descriptors.front());
  CHECK_OK(say(channel_, Word::start_job));
  bool locked = false;
  while (!locked || job_ == 0) {
    TRY(const Heard heard, hear(setup_step_ms_max));
    if (heard.word == Word::locked && heard.sender == init_) {
      locked = true;
    } else if (heard.word == Word::job_waiting && heard.sender != init_ && heard.sender > 0) {
      job_ = heard.sender;
    } else {
      return fail(ErrorCode::internal, "the sandbox said something unexpected");
    }
  }
  return {};
}

Result<LiveSandbox::Heard> LiveSandbox::hear(int timeout_ms) const {
  TRY(auto message, channel_.receive_within(timeout_ms));
  if (!message) return fail(ErrorCode::internal, "the sandbox's first process died while starting");
  const ByteView bytes = message->bytes;
  const auto word = static_cast<Word>(bytes.front());
  if (word == Word::failed) {
    TRY(Error error, decode_failure(bytes.subspan(1)));
    return std::unexpected(std::move(error).while_doing("starting the sandbox"));
  }
  return Heard{word, message->sender, std::move(message->descriptors)};
}

void LiveSandbox::kill() const {
  ::syscall(SYS_pidfd_send_signal, pidfd_.borrow(), SIGKILL, nullptr, 0);
}

LiveSandbox::LiveSandbox(LiveSandbox&& other) noexcept
    : init_(std::exchange(other.init_, 0)),
      job_(other.job_),
      pidfd_(std::move(other.pidfd_)),
      channel_(std::move(other.channel_)),
      pid_namespace_(std::move(other.pid_namespace_)),
      loopback_listener_(std::move(other.loopback_listener_)) {}

LiveSandbox::~LiveSandbox() {
  if (is_reaped()) return;
  kill();
  for (;;) {
    int status = 0;
    const pid_t pid = ::wait4(-1, &status, __WALL, nullptr);
    if (pid < 0 && errno != EINTR) return;
    if (pid == init_) return;
    // A traced process stops once more on its way out.
    if (WIFSTOPPED(status)) ::ptrace(PTRACE_CONT, pid, nullptr, nullptr);
  }
}

}  // namespace mayfly::executor
