#include "executor/live_sandbox.hpp"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>

#include "executor/init_process.hpp"
#include "executor/namespaces.hpp"
#include "executor/wire.hpp"

namespace mayfly::executor {

Result<LiveSandbox> LiveSandbox::start(SandboxPlan& plan, const RunCgroup& cgroup, Phases& phases) {
  TRY(auto answers, Channel::pair());
  TRY(auto job, Channel::pair());
  CHECK_OK(answers.first.identify_senders());
  TRY(ClonedProcess cloned, clone_into_namespaces(cgroup.v2_fd()));
  if (cloned.pid == 0) {
    // With our ends open in the sandbox, it would never see that we are gone.
    static_cast<void>(Channel(std::move(answers.first)));
    static_cast<void>(Channel(std::move(job.first)));
    run_init(plan, cgroup, {std::move(answers.second), std::move(job.second)});
  }
  phases.mark("namespaces made");
  LiveSandbox sandbox(cloned.pid, std::move(cloned.pidfd),
                      {std::move(answers.first), std::move(job.first)});
  static_cast<void>(Channel(std::move(answers.second)));
  static_cast<void>(Channel(std::move(job.second)));
  plan.listener.reset();
  plan.stdout_end.reset();
  plan.stderr_end.reset();
  CHECK_OK(write_user_mapping(sandbox.init_, plan.user));
  CHECK_OK(say(sandbox.channel_, Word::build));
  return sandbox;
}

Result<void> LiveSandbox::wait_until_rooted(const RunCgroup& cgroup) {
  TRY(const Heard root, hear(setup_step_ms_max));
  if (root.word != Word::root_ready) {
    return fail(ErrorCode::internal, "the sandbox did not say that its root is built");
  }
  // What it has done until now is our own code; only now, so that the job's process is born inside.
  CHECK_OK(cgroup.verify(init_));
  return say(channel_, Word::start_job);
}

Result<void> LiveSandbox::wait_until_built() {
  TRY(pid_namespace_, pid_namespace_of(init_));
  TRY(const Heard job, hear(setup_step_ms_max));
  if (job.word != Word::job_built || job.sender == init_ || job.sender <= 0) {
    return fail(ErrorCode::internal, "the sandbox did not say that its job is built");
  }
  job_ = job.sender;
  return {};
}

Result<void> LiveSandbox::finish_root(const RootOrder& order, std::vector<UniqueFd> dataset) const {
  const std::span<const UniqueFd> all(dataset);
  for (std::size_t sent = 0; sent < all.size(); sent += message_descriptors_max) {
    const auto part = all.subspan(sent, std::min(message_descriptors_max, all.size() - sent));
    CHECK_OK(send_frame(channel_, FrameType::dataset, {}, part));
  }
  return send_frame(channel_, FrameType::request, encode_root_order(order));
}

Result<void> LiveSandbox::order_job(const JobOrder& order) const {
  return send_frame(job_channel_, FrameType::request, encode_job_order(order));
}

Result<void> LiveSandbox::hear_progress() {
  TRY(Heard heard, hear(setup_step_ms_max));
  if (heard.word == Word::locked && heard.sender == init_) {
    locked_ = true;
  } else if (heard.word == Word::listening && heard.sender == init_ &&
             heard.descriptors.size() == 1) {
    loopback_listener_ = std::move(heard.descriptors.front());
  } else if (heard.word == Word::job_waiting && heard.sender == job_) {
    job_waits_ = true;
  } else {
    return fail(ErrorCode::internal, "the sandbox said something unexpected");
  }
  return {};
}

Result<void> LiveSandbox::wait_until_locked() {
  while (!locked_) CHECK_OK(hear_progress());
  return {};
}

Result<void> LiveSandbox::wait_until_ready() {
  while (!locked_ || !job_waits_) CHECK_OK(hear_progress());
  return {};
}

Result<void> LiveSandbox::release() const {
  return say(job_channel_, Word::run);
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
      locked_(other.locked_),
      job_waits_(other.job_waits_),
      pidfd_(std::move(other.pidfd_)),
      channel_(std::move(other.channel_)),
      job_channel_(std::move(other.job_channel_)),
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
