#include "executor/namespaces.hpp"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/file_io.hpp"

namespace mayfly::executor {
namespace {

constexpr std::string_view job_host_name = "sandbox";

// A sysctl that reads "0", or absent.
bool is_switched_off(const char* path) {
  const auto text = read_file(path, 64);
  return text && text_of(*text).starts_with("0");
}

bool is_switched_on(const char* path) {
  const auto text = read_file(path, 64);
  return text && !text_of(*text).starts_with("0");
}

Error explain_clone_error(int error_number) {
  std::string message = errno_error(error_number, "making the sandbox's namespaces").message();
  if (is_switched_off("/proc/sys/user/max_user_namespaces")) {
    message += ": user namespaces are off here; sysctl user.max_user_namespaces=15000";
  } else if (is_switched_off("/proc/sys/kernel/unprivileged_userns_clone")) {
    message += ": user namespaces are for root here; sysctl kernel.unprivileged_userns_clone=1";
  } else if (is_switched_on("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")) {
    message +=
        ": AppArmor forbids user namespaces; sysctl "
        "kernel.apparmor_restrict_unprivileged_userns=0, or load a profile for mayfly-runner";
  } else if (error_number == EPERM) {
    message +=
        ": inside a container, start it with user namespaces allowed (docker run --security-opt "
        "seccomp=unconfined); inside a chroot they are impossible";
  } else if (error_number == ENOSPC || error_number == EUSERS) {
    message += ": one of the limits in /proc/sys/user is reached, or namespaces are 32 deep";
  }
  return {ErrorCode::unavailable, std::move(message)};
}

}  // namespace

Result<ClonedProcess> clone_into_namespaces(int into_cgroup) {
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
                    CLONE_NEWUTS | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<__u64>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  if (into_cgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<__u64>(into_cgroup);
  }
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) return std::unexpected(explain_clone_error(errno));
  if (pid > 0) return ClonedProcess{static_cast<pid_t>(pid), UniqueFd(pidfd)};
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return fail_errno("binding the sandbox to us");
  // If the parent died before that, nobody tells: it is outside our pid namespace, so getppid() is
  // 0 either way. But every wait in the child is on a channel whose other end closed with it.
  return ClonedProcess{};
}

Result<void> enter_cgroup_namespace() {
  if (::unshare(CLONE_NEWCGROUP) != 0) return fail_errno("making a cgroup namespace");
  return {};
}

Result<void> set_host_name() {
  if (::sethostname(job_host_name.data(), job_host_name.size()) != 0 ||
      ::setdomainname("", 0) != 0) {
    return fail_errno("setting the host name");
  }
  return {};
}

Result<std::string> pid_namespace_of(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/ns/pid";
  std::array<char, 64> text{};
  const ssize_t size = ::readlink(path.c_str(), text.data(), text.size());
  if (size < 0) return fail_errno("reading the sandbox's pid namespace");
  return std::string(text.data(), static_cast<std::size_t>(size));
}

}  // namespace mayfly::executor
