#include "executor/privileges.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "base/unique_fd.hpp"

namespace mayfly::executor {
namespace {

constexpr rlim_t stack_bytes = rlim_t{8} * 1024 * 1024;       // what every distribution gives
constexpr rlim_t stack_bytes_max = rlim_t{64} * 1024 * 1024;  // compilers ask for this much
constexpr rlim_t pending_signals = 1024;
constexpr rlim_t message_queue_bytes = rlim_t{819'200};
// 1 and not 0: a core_pattern that is a pipe ignores 0, and takes 1 for "never" (core(5)).
constexpr rlim_t core_bytes = 1;
// The run's CPU limit is enforced over all processes together; this one only stands behind it.
constexpr rlim_t cpu_backstop_s = 2;
constexpr rlim_t cpu_grace_s = 2;

Result<void> lower(__rlimit_resource resource, rlim_t soft, rlim_t hard, std::string_view name) {
  rlimit now{};
  if (::getrlimit(resource, &now) != 0)
    return fail_errno("reading the limit of " + std::string(name));
  // Only root may raise a hard limit; a lower one that is already there is kept: it is stricter.
  const rlimit wanted{std::min(soft, now.rlim_max), std::min(hard, now.rlim_max)};
  if (::setrlimit(resource, &wanted) != 0) return fail_errno("limiting " + std::string(name));
  return {};
}

Result<void> drop_bounding_set() {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
      return fail_errno("dropping capability " + std::to_string(capability) +
                        " from the bounding set");
    }
  }
  return {};
}

}  // namespace

Result<void> drop_privileges() {
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
    return fail_errno("clearing the ambient capabilities");
  }
  CHECK_OK(drop_bounding_set());
  constexpr unsigned long locked_bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |
                                        SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
                                        SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
                                        SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
  if (::prctl(PR_SET_SECUREBITS, locked_bits, 0, 0, 0) != 0) {
    return fail_errno("locking securebits");
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2]{};
  if (::syscall(SYS_capset, &header, none) != 0) return fail_errno("dropping all capabilities");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("setting no_new_privs");
  if (::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) return fail_errno("setting dumpable");
  return {};
}

Result<void> close_all_but(std::span<const int> kept) {
  std::vector<int> sorted(kept.begin(), kept.end());
  std::ranges::sort(sorted);
  unsigned first = 3;
  for (const int fd : sorted) {
    if (fd < 3) continue;
    const auto number = static_cast<unsigned>(fd);
    if (number > first && ::close_range(first, number - 1, 0) != 0) {
      return fail_errno("closing descriptors");
    }
    first = number + 1;
  }
  if (::close_range(first, ~0U, 0) != 0) return fail_errno("closing descriptors");
  return {};
}

Result<void> set_resource_limits(const ResourceLimits& limits) {
  using Backstop = ResourceLimits::Backstop;
  const Limits& job = limits.job;
  const auto files = static_cast<rlim_t>(job.open_files);
  const auto disk = static_cast<rlim_t>(job.disk_bytes);
  const rlim_t cpu = static_cast<rlim_t>((job.cpu_ms + 999) / 1000) + cpu_backstop_s;
  CHECK_OK(lower(RLIMIT_CORE, core_bytes, core_bytes, "core files"));
  CHECK_OK(lower(RLIMIT_NOFILE, files, files, "open files"));
  CHECK_OK(lower(RLIMIT_FSIZE, disk, disk, "file size"));
  CHECK_OK(lower(RLIMIT_STACK, stack_bytes, stack_bytes_max, "the stack"));
  CHECK_OK(lower(RLIMIT_MEMLOCK, 0, 0, "locked memory"));
  CHECK_OK(lower(RLIMIT_CPU, cpu, cpu + cpu_grace_s, "CPU time"));
  CHECK_OK(lower(RLIMIT_NICE, 0, 0, "priority"));
  CHECK_OK(lower(RLIMIT_RTPRIO, 0, 0, "real-time priority"));
  CHECK_OK(lower(RLIMIT_SIGPENDING, pending_signals, pending_signals, "queued signals"));
  CHECK_OK(lower(RLIMIT_MSGQUEUE, message_queue_bytes, message_queue_bytes, "message queues"));
  if (limits.pids_group == Backstop::absent) {
    // And the sandbox's pid 1, and the file recorder, which has the same user.
    const rlim_t processes = static_cast<rlim_t>(job.pids) + 2;
    CHECK_OK(lower(RLIMIT_NPROC, processes, processes, "processes"));
  }
  return {};
}

Result<void> set_memory_limit(const ResourceLimits& limits) {
  if (limits.memory_group == ResourceLimits::Backstop::present) return {};
  const auto memory = static_cast<rlim_t>(limits.job.memory_bytes);
  return lower(RLIMIT_DATA, memory, memory, "memory");
}

std::map<std::string, std::string> describe(const ResourceLimits& limits) {
  using Backstop = ResourceLimits::Backstop;
  std::map<std::string, std::string> out;
  std::string names = "core cpu fsize memlock msgqueue nice nofile rtprio sigpending stack";
  if (limits.memory_group == Backstop::absent) {
    names += " data";
    out["memory"] = "RLIMIT_DATA for each process, and all processes sampled: no memory group here";
  }
  if (limits.pids_group == Backstop::absent) {
    names += " nproc";
    out["pids"] = "RLIMIT_NPROC in the user namespace: no pids group here";
  }
  out["rlimits"] = names;
  return out;
}

Result<void> be_first_to_go() {
  const UniqueFd badness(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (!badness || ::write(badness.borrow(), "1000", 4) != 4) {
    return fail_errno("setting oom_score_adj");
  }
  return {};
}

Result<void> reset_inherited_state() {
  const sched_param no_priority{};
  if (::sched_setscheduler(0, SCHED_OTHER, &no_priority) != 0) {
    return fail_errno("leaving the real-time scheduling class");
  }
  // The system call itself: libc refuses to touch the two signals it keeps for itself, and an
  // ignored one would be ignored through exec. The kernel's structure is all zeros for "default".
  constexpr std::size_t mask_bytes = 8;
  constexpr std::array<std::uint64_t, 4> to_default{};
  for (int signal = 1; signal < NSIG; ++signal) {
    if (signal == SIGKILL || signal == SIGSTOP) continue;
    if (::syscall(SYS_rt_sigaction, signal, to_default.data(), nullptr, mask_bytes) != 0) {
      return fail_errno("resetting a signal");
    }
  }
  sigset_t none;
  ::sigemptyset(&none);
  if (::sigprocmask(SIG_SETMASK, &none, nullptr) != 0) return fail_errno("unblocking signals");
  ::umask(022);
  if (::personality(PER_LINUX) < 0) return fail_errno("resetting the personality");
  return {};
}

}  // namespace mayfly::executor
