#include "executor/probe.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <sstream>
#include <string_view>

#include "base/file_io.hpp"
#include "executor/cgroup.hpp"
#include "executor/landlock.hpp"

namespace mayfly::executor {
namespace {

using State = HostFact::State;

constexpr std::size_t system_file_bytes_max = std::size_t{1} * 1024 * 1024;
constexpr std::size_t locked_bytes_wanted = std::size_t{1} * 1024 * 1024;
constexpr int kernel_wanted[] = {5, 19};  // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, cgroup.kill
constexpr uid_t nobody = 65534;

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

// Empty when the file is absent or unreadable; without the final newline.
std::string text_of_file(const std::string& path) {
  const auto bytes = read_file(path, system_file_bytes_max);
  if (!bytes) return "";
  std::string text(text_of(*bytes));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// Runs `attempt` in a child, so that nothing it enters or confines is ours. Its value: 0 or an
// errno.
template <class Attempt>
int errno_in_child(Attempt attempt) {
  const pid_t pid = ::fork();
  if (pid < 0) return errno;
  if (pid == 0) ::_exit(attempt());
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid) return errno;
  return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

int become_nobody() {
  if (::geteuid() != 0) return 0;
  return ::setresgid(nobody, nobody, nobody) == 0 && ::setresuid(nobody, nobody, nobody) == 0
             ? 0
             : errno;
}

std::string reason(int error_number) {
  return errno_error(error_number, "refused").message();
}

// --- kernel and namespaces ---

HostFact probe_kernel() {
  utsname name{};
  ::uname(&name);
  int major = 0;
  int minor = 0;
  const char* const end = name.release + std::strlen(name.release);
  const auto parsed = std::from_chars(name.release, end, major);
  if (parsed.ptr != end) std::from_chars(parsed.ptr + 1, end, minor);
  const bool enough =
      major > kernel_wanted[0] || (major == kernel_wanted[0] && minor >= kernel_wanted[1]);
  return {"kernel", enough ? State::good : State::missing,
          std::string(name.sysname) + " " + name.release + " " + name.machine,
          enough ? "" : "Linux 5.19 or newer is needed"};
}

struct NamespaceKind {
  const char* name;
  int flag;
};
constexpr std::array namespace_kinds = {
    NamespaceKind{"mount", CLONE_NEWNS},    NamespaceKind{"pid", CLONE_NEWPID},
    NamespaceKind{"network", CLONE_NEWNET}, NamespaceKind{"ipc", CLONE_NEWIPC},
    NamespaceKind{"uts", CLONE_NEWUTS},     NamespaceKind{"cgroup", CLONE_NEWCGROUP}};

// The setting that is in the way, if one is.
std::string namespaces_fix() {
  if (text_of_file("/proc/sys/kernel/unprivileged_userns_clone") == "0") {
    return "sysctl kernel.unprivileged_userns_clone=1";
  }
  if (text_of_file("/proc/sys/user/max_user_namespaces") == "0") {
    return "sysctl user.max_user_namespaces=15000";
  }
  if (text_of_file("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1") {
    return "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile "
           "with \"userns,\" for mayfly-runner";
  }
  return "run as root; in a container, allow them (docker run --security-opt seccomp=unconfined "
         "--security-opt apparmor=unconfined, or --privileged)";
}

HostFact probe_user_namespace() {
  // As a run does it: the other namespaces come from inside the user namespace, so that a kernel
  // that gives one without its capabilities (AppArmor on Ubuntu) shows.
  const int failed = errno_in_child(
      [] { return ::unshare(CLONE_NEWUSER) == 0 && ::unshare(CLONE_NEWNS) == 0 ? 0 : errno; });
  if (failed == 0) return {"namespace_user", State::good, "can be made", ""};
  return {"namespace_user", State::missing, reason(failed), namespaces_fix()};
}

HostFact probe_namespace(const NamespaceKind& kind) {
  const int failed = errno_in_child([&] {
    if (::unshare(CLONE_NEWUSER) != 0 && ::geteuid() != 0) return errno;
    return ::unshare(kind.flag) == 0 ? 0 : errno;
  });
  const std::string name = std::string("namespace_") + kind.name;
  if (failed == 0) return {name, State::good, "can be made", ""};
  return {name, State::missing, reason(failed), namespaces_fix()};
}

HostFact probe_unprivileged_user_namespace() {
  HostFact fact{"namespace_user_unprivileged", State::good, "an ordinary user can make one", ""};
  const int failed = errno_in_child([] {
    if (const int error_number = become_nobody(); error_number != 0) return error_number;
    return ::unshare(CLONE_NEWUSER) == 0 && ::unshare(CLONE_NEWNS) == 0 ? 0 : errno;
  });
  if (failed == 0) return fact;
  fact.state = ::geteuid() == 0 ? State::weaker : State::missing;
  fact.detail = "an ordinary user cannot make one: " + reason(failed);
  fact.fix = namespaces_fix();
  return fact;
}

// --- control groups ---

HostFact probe_cgroup() {
  const auto cgroup = RunCgroup::create(Limits{});
  if (!cgroup) {
    return {"cgroup", State::missing, cgroup.error().message(),
            "mount the cgroup file system writable, or report this"};
  }
  const auto facts = cgroup->in_force();
  HostFact fact{"cgroup", State::good, facts.at("cgroup"), ""};
  std::string not_enforced;
  for (const auto& [name, value] : facts) {
    if (value == "not enforced") not_enforced += " " + name;
  }
  if (facts.contains("cgroup_kill")) fact.detail += ", kills by " + facts.at("cgroup_kill");
  if (cgroup->v2_fd() >= 0) fact.detail += ", a job is cloned into the v2 one";
  if (not_enforced.empty()) return fact;
  fact.state = State::weaker;
  fact.detail += "; not enforced:" + not_enforced;
  fact.fix = ::geteuid() == 0
                 ? "boot with the controllers on (cgroup_enable=memory), cgroup mounted writable"
                 : "run as root, or: systemd-run --user --scope -p Delegate=yes mayfly ...";
  return fact;
}

// --- seccomp, Landlock, ptrace ---

bool action_available(std::uint32_t action) {
  return ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

HostFact probe_seccomp() {
  if (action_available(SECCOMP_RET_KILL_PROCESS)) {
    return {"seccomp", State::good, "filters are available", ""};
  }
  return {"seccomp", State::missing, reason(errno),
          "a kernel with CONFIG_SECCOMP_FILTER; in a container, a profile that allows seccomp(2)"};
}

HostFact probe_user_notif() {
  if (action_available(SECCOMP_RET_USER_NOTIF)) {
    return {"seccomp_user_notif", State::good, "a supervisor can answer calls", ""};
  }
  return {"seccomp_user_notif", State::missing, "files of a job cannot be recorded",
          "Linux 5.19 or newer"};
}

// A listener as a run needs it, for a call that nobody makes.
int listener_errno() {
  sock_filter code[] = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
                        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 1023},
                        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_USER_NOTIF},
                        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
  sock_fprog program{4, code};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  constexpr unsigned long flags =
      SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) >= 0 ? 0 : errno;
}

HostFact probe_listener() {
  const int failed = errno_in_child(listener_errno);
  if (failed == 0) {
    return {"seccomp_listener", State::good, "a call can wait while it is made for a job", ""};
  }
  return {"seccomp_listener", State::missing,
          "files of a job cannot be recorded: " + reason(failed),
          "Linux 5.19 or newer, and no other seccomp listener above us"};
}

// As a run does it: asks, and enters in a child.
HostFact probe_landlock() {
  const auto abi = landlock_abi();
  if (!abi) return {"landlock", State::missing, abi.error().message(), "a run is refused here"};
  const int failed = errno_in_child([&] {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
    return enter_landlock(*abi, landlock_places()) ? 0 : EPERM;
  });
  if (failed != 0) {
    return {"landlock", State::missing, "cannot be entered: a run is refused here",
            "in a container, a seccomp profile that allows the landlock_* calls"};
  }
  const std::string detail = describe(*abi);
  if (abi->version >= 6) return {"landlock", State::good, detail, ""};
  if (abi->version > 0) return {"landlock", State::weaker, detail, "Linux 6.12 or newer, for all"};
  return {"landlock", State::weaker, detail,
          "a kernel with CONFIG_SECURITY_LANDLOCK, and landlock in the boot option lsm="};
}

HostFact probe_ptrace() {
  const std::string scope = text_of_file("/proc/sys/kernel/yama/ptrace_scope");
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  const bool seized = child > 0 && ::ptrace(PTRACE_SEIZE, child, nullptr, nullptr) == 0;
  const int failed = errno;
  if (child > 0) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  const std::string yama = scope.empty() ? "no Yama" : "yama ptrace_scope " + scope;
  if (seized) return {"ptrace", State::good, "a child can be traced, " + yama, ""};
  return {"ptrace", State::missing,
          "executions cannot be recorded: " + reason(failed) + ", " + yama,
          scope == "3" || scope == "2" ? "sysctl kernel.yama.ptrace_scope=1 (3 needs a reboot)"
                                       : "in a container, --cap-add=SYS_PTRACE or another profile"};
}

// --- memory ---

HostFact probe_sealed_memory() {
  const UniqueFd fd(::memfd_create("mayfly-probe", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (fd && ::fcntl(fd.borrow(), F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_GROW) == 0) {
    return {"memfd_seals", State::good, "F_SEAL_FUTURE_WRITE", ""};
  }
  return {"memfd_seals", State::missing, "a dataset cannot be sealed: " + reason(errno),
          "Linux 5.1 or newer"};
}

HostFact probe_noexec_seal() {
  const UniqueFd fd(::memfd_create("mayfly-probe", MFD_CLOEXEC | MFD_NOEXEC_SEAL));
  if (fd) return {"memfd_noexec_seal", State::good, "a dataset can never be executed", ""};
  return {"memfd_noexec_seal", State::weaker, "only the file mode keeps a dataset from execution",
          "Linux 6.3 or newer"};
}

HostFact probe_locked_memory() {
  const int failed = errno_in_child([] {
    void* memory = ::mmap(nullptr, locked_bytes_wanted, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    // The call itself: sanitizers make mlock() do nothing.
    return memory != MAP_FAILED && ::syscall(SYS_mlock, memory, locked_bytes_wanted) == 0 ? 0
                                                                                          : errno;
  });
  rlimit limit{};
  ::getrlimit(RLIMIT_MEMLOCK, &limit);
  const std::string bound =
      limit.rlim_cur == RLIM_INFINITY ? "unlimited" : std::to_string(limit.rlim_cur) + " bytes";
  if (failed == 0) return {"memlock", State::good, "RLIMIT_MEMLOCK " + bound, ""};
  return {"memlock", State::weaker, "keys and buffers may be swapped: RLIMIT_MEMLOCK " + bound,
          "raise it: ulimit -l 8192, or LimitMEMLOCK=8M in the unit"};
}

HostFact probe_swap() {
  const std::string swaps = text_of_file("/proc/swaps");  // a heading and one line for each
  const std::size_t heading_end = swaps.find('\n');
  if (heading_end == std::string::npos) return {"swap", State::good, "off", ""};
  std::string devices;
  std::istringstream lines(swaps.substr(heading_end + 1));
  for (std::string line; std::getline(lines, line);) {
    devices.append(" ").append(line, 0, line.find_first_of(" \t"));
  }
  return {"swap", State::weaker, "on:" + devices + ": memory of a job may reach a disk",
          "swapoff -a, or MemorySwapMax=0 for the service"};
}

HostFact probe_core_pattern() {
  const std::string pattern = text_of_file("/proc/sys/kernel/core_pattern");
  if (!pattern.starts_with('|')) {
    return {"core_pattern", State::good, "\"" + pattern + "\": a limit of one byte stops it", ""};
  }
  return {
      "core_pattern", State::weaker,
      "a pipe: \"" + pattern + "\": jobs are kept from it, the program that sends the data is not",
      "sysctl kernel.core_pattern=core"};
}

HostFact probe_init_on_free() {
  std::string_view setting;
  std::istringstream words(text_of_file("/proc/cmdline"));
  for (std::string word; words >> word;) {
    if (word == "init_on_free=1") setting = "on, by the boot option";
    if (word == "init_on_free=0") setting = "off, by the boot option";
  }
  if (setting.empty()) {
    utsname name{};
    ::uname(&name);
    const std::string config = text_of_file(std::string("/boot/config-") + name.release);
    if (config.find("\nCONFIG_INIT_ON_FREE_DEFAULT_ON=y") != std::string::npos) {
      setting = "on, by the kernel's configuration";
    }
  }
  if (setting.starts_with("on")) return {"init_on_free", State::good, std::string(setting), ""};
  return {"init_on_free", State::weaker,
          (setting.empty() ? "off" : std::string(setting)) +
              std::string(": freed pages keep a job's own copies until they are used again"),
          "boot with init_on_free=1"};
}

// --- trusted hardware ---

struct Device {
  const char* name;
  const char* path;
};
constexpr std::array tee_devices = {
    Device{"Intel TDX", "/dev/tdx_guest"},
    Device{"configfs-tsm", "/sys/kernel/config/tsm/report"},
    Device{"AMD SEV-SNP", "/dev/sev-guest"},
    Device{"AWS Nitro", "/dev/nsm"},
    Device{"dstack", "/var/run/dstack.sock"},
    Device{"dstack (old)", "/var/run/tappd.sock"},
    Device{"Confidential Space", "/run/container_launcher/teeserver.sock"},
    Device{"TPM 2.0", "/dev/tpmrm0"}};

HostFact probe_tee() {
  std::string found;
  std::string absent;
  for (const auto& device : tee_devices) {
    std::string& list = ::access(device.path, F_OK) == 0 ? found : absent;
    list += std::string(list.empty() ? "" : ", ") + device.name + " (" + device.path + ")";
  }
  if (!found.empty()) return {"tee", State::good, "found " + found, ""};
  return {"tee", State::weaker, "none, attestation is simulated; looked for " + absent,
          "run in a confidential VM (TDX, SEV-SNP), a Nitro enclave, dstack, or with a TPM"};
}

}  // namespace

std::vector<HostFact> probe_host() {
  std::vector<HostFact> facts{probe_kernel(), probe_user_namespace()};
  for (const auto& kind : namespace_kinds) facts.push_back(probe_namespace(kind));
  for (const auto probe :
       {probe_unprivileged_user_namespace, probe_cgroup, probe_seccomp, probe_user_notif,
        probe_listener, probe_landlock, probe_ptrace, probe_sealed_memory, probe_noexec_seal,
        probe_locked_memory, probe_swap, probe_core_pattern, probe_init_on_free, probe_tee}) {
    facts.push_back(probe());
  }
  return facts;
}

}  // namespace mayfly::executor
