#include "executor/init_process.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <memory>
#include <system_error>
#include <thread>

#include "executor/dataset_view.hpp"
#include "executor/job_process.hpp"
#include "executor/landlock.hpp"
#include "executor/loopback_listener.hpp"
#include "executor/namespaces.hpp"
#include "executor/wire.hpp"

namespace mayfly::executor {
namespace {

// A job that takes over this process through /proc/1/mem would be outside the exec recorder; with
// this filter that gains it nothing: no exec, no clone, no open, no socket.
Result<void> allow_only_waiting() {
#if defined(__x86_64__)
  constexpr std::uint32_t arch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
  constexpr std::uint32_t arch = AUDIT_ARCH_AARCH64;
#endif
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 0, 7),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_wait4, 6, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 5, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_restart_syscall, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{sizeof program / sizeof *program, program};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) {
    return fail_errno("installing the filter of the sandbox's first process");
  }
  return {};
}

// Whatever 0, 1 and 2 were (the runner's stderr may be a terminal), a job could open them again
// through /proc/1/fd.
Result<void> detach_standard_descriptors() {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return fail_errno("opening the sandbox's /dev/null");
  for (const int standard : {0, 1, 2}) {
    if (::dup2(null.borrow(), standard) < 0) return fail_errno("replacing standard descriptors");
  }
  return {};
}

// The value: the root, still writable.
Result<UniqueFd> build(const SandboxPlan& plan, const RunCgroup& cgroup, const Channel& channel) {
  CHECK_OK(wait_for(channel, Word::build));
  CHECK_OK(cgroup.enter());  // before we make anything: what we make from here on is inside
  CHECK_OK(be_first_to_go());
  CHECK_OK(become_job_user(plan.user));
  // Changing the user has cleared it.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return fail_errno("binding the sandbox to us");
  CHECK_OK(reset_inherited_state());
  CHECK_OK(set_host_name());
  TRY(RootFs root, RootFs::build());
  TRY(UniqueFd writable, std::move(root).enter(plan.scratch));
  CHECK_OK(detach_standard_descriptors());
  CHECK_OK(say(channel, Word::root_ready));
  return writable;
}

Result<void> start_job(const SandboxPlan& plan, const SandboxChannels& channels) {
  CHECK_OK(enter_landlock(plan.landlock, landlock_places()));
  const pid_t job = ::fork();
  if (job < 0) return fail_errno("making the job's process");
  if (job == 0) run_job(plan, channels);
  return {};
}

struct Finish {
  RootOrder order;
  std::vector<UniqueFd> dataset;
};

Result<Finish> receive_finish(const Channel& channel) {
  FrameReader frames(request_bytes_max);
  Finish finish;
  for (;;) {
    TRY(auto message, channel.receive());
    if (!message) return fail(ErrorCode::internal, "the supervisor is gone");
    TRY(auto frame, frames.accept(std::move(*message)));
    if (!frame) continue;
    std::ranges::move(frame->descriptors, std::back_inserter(finish.dataset));
    if (frame->type == FrameType::dataset) continue;
    TRY(finish.order, decode_root_order(frame->payload));
    return finish;
  }
}

// Ours is closed with this: a job must not find it among its parent's descriptors.
Result<void> open_the_one_address(std::uint16_t port, const Channel& channel) {
  std::array<UniqueFd, 1> listener;
  TRY(listener.front(), open_loopback_listener(port));
  const auto word = static_cast<std::uint8_t>(Word::listening);
  return channel.send({&word, 1}, listener);
}

Result<std::vector<UniqueFd>> finish_root(const UniqueFd& writable_root, const Channel& channel) {
  TRY(Finish finish, receive_finish(channel));
  if (finish.order.loopback_port) {
    CHECK_OK(open_the_one_address(*finish.order.loopback_port, channel));
  }
  if (finish.order.room) CHECK_OK(give_room_inside(*finish.order.room));
  CHECK_OK(link_dataset(writable_root, finish.order.dataset_names, finish.dataset));
  return std::move(finish.dataset);
}

Result<void> lock_down(const std::vector<UniqueFd>& dataset, const Channel& channel) {
  CHECK_OK(drop_privileges());
  std::vector<int> kept{channel.fd().borrow()};
  for (const UniqueFd& file : dataset) kept.push_back(file.borrow());
  return close_all_but(kept);
}

// A domain of Landlock is a thread's. The job has to share pid 1's, or it could not follow the
// links of its dataset; and in it pid 1 could no longer mount, make those links or open a port. So
// the root is finished by a thread that is older than the domain, and is gone before the job runs.
class Finisher {
 public:
  static Result<Finisher> start(UniqueFd writable_root, const Channel& channel) {
    auto state = std::make_shared<State>(std::move(writable_root));
    try {
      return Finisher(state, std::thread([state, &channel] {
                        state->dataset = finish_root(state->writable_root, channel);
                      }));
    } catch (const std::system_error& error) {
      return fail(ErrorCode::unavailable,
                  std::string("starting a thread of the sandbox: ") + error.what());
    }
  }
  Finisher(Finisher&&) = default;
  Finisher& operator=(Finisher&&) = delete;
  ~Finisher() {
    if (thread_.joinable()) thread_.detach();  // after an error: it ends with the process
  }

  Result<std::vector<UniqueFd>> wait() {
    thread_.join();
    return std::move(state_->dataset);
  }

 private:
  struct State {
    explicit State(UniqueFd root) : writable_root(std::move(root)) {}
    UniqueFd writable_root;
    Result<std::vector<UniqueFd>> dataset;
  };
  Finisher(std::shared_ptr<State> state, std::thread thread)
      : state_(std::move(state)), thread_(std::move(thread)) {}
  std::shared_ptr<State> state_;
  std::thread thread_;
};

Result<void> prepare(const SandboxPlan& plan, const RunCgroup& cgroup,
                     const SandboxChannels& channels) {
  TRY(UniqueFd writable_root, build(plan, cgroup, channels.answers));
  CHECK_OK(wait_for(channels.answers, Word::start_job));
  CHECK_OK(enter_cgroup_namespace());
  TRY(Finisher finisher, Finisher::start(std::move(writable_root), channels.answers));
  CHECK_OK(start_job(plan, channels));
  TRY(std::vector<UniqueFd> dataset, finisher.wait());
  CHECK_OK(lock_down(dataset, channels.answers));
  for (UniqueFd& file : dataset) static_cast<void>(file.release());  // open as long as we live
  return {};
}

}  // namespace

void run_init(const SandboxPlan& plan, const RunCgroup& cgroup, SandboxChannels channels) {
  const Channel& channel = channels.answers;
  auto prepared = prepare(plan, cgroup, channels);
  // Last, and nothing may be freed after it: that can need a call that the filter does not let out.
  if (prepared) prepared = allow_only_waiting();
  if (!prepared) {
    static_cast<void>(say(channel, Word::failed, encode_failure(prepared.error())));
    ::_exit(1);
  }
  const auto locked = static_cast<std::uint8_t>(Word::locked);
  if (::write(channel.fd().borrow(), &locked, 1) != 1) ::_exit(1);
  ::close(channel.fd().borrow());
  // The job's process is our child until the supervisor kills us: this cannot run out of children
  // before that, and if it did, ending here ends the sandbox.
  while (::wait4(-1, nullptr, 0, nullptr) > 0) {
  }
  ::_exit(0);
}

}  // namespace mayfly::executor
