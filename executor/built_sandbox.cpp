#include "executor/built_sandbox.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace mayfly::executor {
namespace {

struct OutputPipe {
  UniqueFd reading;
  UniqueFd writing;
};

Result<OutputPipe> make_output_pipe(const UserMapping& user) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("making a pipe for the job's output");
  OutputPipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  if (::fcntl(pipe.reading.borrow(), F_SETFL, O_NONBLOCK) != 0) {
    return fail_errno("preparing the pipe for the job's output");
  }
  // So that the job may open /dev/stdout, which is a second open of this pipe by its own user.
  if (user.identity == intake::JobIdentity::separate_user &&
      ::fchown(pipe.writing.borrow(), user.outside_uid, user.outside_gid) != 0) {
    return fail_errno("giving the job its output");
  }
  return pipe;
}

// SIGCHLD, and the signals that ask us to stop: SIGTERM comes also when the client dies. They are
// answered in the loop, where everything can still be cleaned up.
Result<UniqueFd> open_signals() {
  sigset_t handled;
  ::sigemptyset(&handled);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&handled, signal);
  if (::sigprocmask(SIG_BLOCK, &handled, nullptr) != 0) return fail_errno("blocking signals");
  UniqueFd signals(::signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) return fail_errno("opening a signalfd");
  return signals;
}

}  // namespace

Result<BuiltSandbox> build_sandbox(Phases& phases) {
  TRY(UniqueFd signals, open_signals());
  TRY(RunCgroup cgroup, RunCgroup::create());
  phases.mark("control groups made");
  SandboxPlan plan;
  TRY(plan.landlock, landlock_abi());
  TRY(plan.user, choose_user_mapping());
  if (plan.user.identity == intake::JobIdentity::separate_user) {
    TRY(plan.scratch, make_unswappable_scratch(plan.user.outside_uid, plan.user.outside_gid));
  } else {
    plan.scratch.swap = "swappable: only root can forbid it";
  }
  TRY(auto listener, Channel::pair());
  plan.listener = std::move(listener.first).release();
  TRY(OutputPipe out, make_output_pipe(plan.user));
  TRY(OutputPipe err, make_output_pipe(plan.user));
  plan.stdout_end = std::move(out.writing);
  plan.stderr_end = std::move(err.writing);
  phases.mark("prepared");
  TRY(LiveSandbox sandbox, LiveSandbox::start(plan, cgroup, phases));
  phases.mark("users mapped");
  // Beside the sandbox, which has its root to build.
  TRY(CompiledPolicy policy, compile_default_policy());
  phases.mark("policy compiled");
  CHECK_OK(sandbox.wait_until_rooted(cgroup));
  phases.mark("root built");
  TRY(FileRecorder files, FileRecorder::start(sandbox, plan.user, std::move(listener.second)));
  CHECK_OK(sandbox.wait_until_built());
  CHECK_OK(files.wait_until_ready());
  phases.mark("sandbox built");
  return BuiltSandbox{std::move(signals),     std::move(plan),        std::move(policy),
                      std::move(out.reading), std::move(err.reading), std::move(cgroup),
                      std::move(sandbox),     std::move(files)};
}

}  // namespace mayfly::executor
