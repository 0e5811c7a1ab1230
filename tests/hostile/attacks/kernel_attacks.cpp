#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <ctime>

#include "tests/hostile/attacks/attack.hpp"

namespace mayfly::hostile {
namespace {

// A child to attack, gone with us.
class Victim {
 public:
  Victim() : pid_(::fork()) {
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) ::pause();
  }
  ~Victim() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

Verdict trace_a_child(const std::string&) {
  const Victim victim;
  return unless_refused("ptrace", ::ptrace(PTRACE_SEIZE, victim.pid(), nullptr, nullptr));
}

int secret = 42;

Verdict read_another_process(const std::string&) {
  const Victim victim;
  int copy = 0;
  const iovec local{&copy, sizeof copy};
  const iovec remote{&secret, sizeof secret};
  return unless_refused("process_vm_readv",
                        ::process_vm_readv(victim.pid(), &local, 1, &remote, 1, 0));
}

Verdict write_another_process(const std::string&) {
  const Victim victim;
  int value = 43;
  const iovec local{&value, sizeof value};
  const iovec remote{&secret, sizeof secret};
  return unless_refused("process_vm_writev",
                        ::process_vm_writev(victim.pid(), &local, 1, &remote, 1, 0));
}

Verdict steal_a_descriptor(const std::string&) {
  const Victim victim;
  const long pidfd = ::syscall(SYS_pidfd_open, victim.pid(), 0);
  return unless_refused("pidfd_getfd", ::syscall(SYS_pidfd_getfd, pidfd, 1, 0));
}

Verdict use_io_uring(const std::string&) {
  io_uring_params parameters{};
  return unless_refused("io_uring_setup", ::syscall(SYS_io_uring_setup, 4, &parameters));
}

Verdict nest_user_namespace(const std::string&) {
  const Verdict by_unshare = unless_refused("unshare(NEWUSER)", ::unshare(CLONE_NEWUSER));
  const long pid = ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, 0);
  if (pid == 0) ::_exit(0);
  const Verdict by_clone = unless_refused("clone(NEWUSER)", pid);
  return by_unshare == Verdict::blocked ? by_clone : by_unshare;
}

Verdict hide_flags_in_clone3(const std::string&) {
  struct {
    std::uint64_t flags = CLONE_NEWUSER;
    std::uint64_t rest[10]{};
  } arguments;
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0) ::_exit(0);
  return unless_refused("clone3(NEWUSER)", pid, ENOSYS);
}

Verdict clone_untraced(const std::string&) {
  const long pid = ::syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, nullptr, nullptr, nullptr, 0);
  if (pid == 0) ::_exit(0);
  return unless_refused("clone(UNTRACED)", pid);
}

Verdict mount_a_file_system(const std::string&) {
  return unless_refused("mount", ::mount("none", "/tmp", "tmpfs", 0, nullptr));
}

Verdict remount_writable(const std::string&) {
  return unless_refused("remount", ::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND, nullptr));
}

Verdict use_the_new_mount_calls(const std::string&) {
  return unless_refused("fsopen", ::syscall(SYS_fsopen, "tmpfs", 0));
}

Verdict change_root(const std::string&) {
  return unless_refused("chroot", ::chroot("/tmp"));
}

Verdict enter_a_namespace(const std::string&) {
  const int fd = ::open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
  return unless_refused("setns", ::setns(fd, 0));
}

Verdict load_a_bpf_map(const std::string&) {
  bpf_attr attributes{};
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = 4;
  attributes.value_size = 4;
  attributes.max_entries = 1;
  return unless_refused("bpf", ::syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
}

Verdict measure_with_perf(const std::string&) {
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.size = sizeof attributes;
  attributes.config = PERF_COUNT_SW_TASK_CLOCK;
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  return unless_refused("perf_event_open",
                        ::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}

Verdict keep_a_key(const std::string&) {
  constexpr int process_keyring = -2;
  return unless_refused("add_key",
                        ::syscall(SYS_add_key, "user", "mayfly-hostile", "x", 1, process_keyring));
}

Verdict stop_the_kernel_in_a_copy(const std::string&) {
  constexpr int user_mode_only = 1;
  return unless_refused("userfaultfd", ::syscall(SYS_userfaultfd, user_mode_only | O_CLOEXEC));
}

Verdict open_raw_socket(const std::string&) {
  return unless_refused("raw socket", ::socket(AF_INET, SOCK_RAW, 1));
}

Verdict open_packet_socket(const std::string&) {
  return unless_refused("packet socket", ::socket(AF_PACKET, SOCK_RAW, 0));
}

Verdict open_netlink_socket(const std::string&) {
  constexpr int netlink_generic = 16;
  return unless_refused("generic netlink", ::socket(AF_NETLINK, SOCK_RAW, netlink_generic));
}

Verdict open_vsock(const std::string&) {
  return unless_refused("vsock", ::socket(AF_VSOCK, SOCK_STREAM, 0));
}

Verdict type_into_the_terminal(const std::string&) {
  const Verdict plain = unless_refused("TIOCSTI", ::ioctl(0, TIOCSTI, "x"));
  const unsigned long high_bits = (1UL << 32) | TIOCSTI;
  const Verdict disguised =
      unless_refused("TIOCSTI with a high bit", ::syscall(SYS_ioctl, 0, high_bits, "x"));
  return plain == Verdict::blocked ? disguised : plain;
}

Verdict open_by_handle(const std::string&) {
  // With a handle for any file, open_by_handle_at goes past every path.
  alignas(file_handle) unsigned char space[sizeof(file_handle) + 128] = {};
  const unsigned handle_bytes = 128;
  std::memcpy(space, &handle_bytes, sizeof handle_bytes);
  int mount_id = 0;
  return unless_refused("name_to_handle_at",
                        ::syscall(SYS_name_to_handle_at, AT_FDCWD, "/tmp", space, &mount_id, 0));
}

Verdict install_a_listener(const std::string&) {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return unless_refused(
      "a second seccomp listener",
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, nullptr));
}

Verdict switch_randomisation_off(const std::string&) {
  return unless_refused("personality", ::personality(ADDR_NO_RANDOMIZE));
}

// With arguments that the kernel refuses in words of its own before it asks who wants it: where the
// policy is off, no clock is set and nothing is started again.
Verdict set_the_clock(const std::string&) {
  const timespec time{};
  const Verdict set = unless_refused("clock_settime", ::syscall(SYS_clock_settime, 9999, &time));
  const Verdict adjust = unless_refused("clock_adjtime", ::syscall(SYS_clock_adjtime, 9999, &time));
  return set == Verdict::blocked ? adjust : set;
}

Verdict reboot_the_machine(const std::string&) {
  return unless_refused("reboot", ::syscall(SYS_reboot, 1, 2, 3, nullptr));
}

Verdict take_a_real_time_class(const std::string&) {
  const sched_param without_priority{};
  return unless_refused("SCHED_FIFO",
                        ::syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &without_priority));
}

Verdict mount_an_overlay(const std::string&) {
  return unless_refused("overlay", ::mount("overlay", "/tmp", "overlay", 0, "lowerdir=/usr:/etc"));
}

Verdict mount_a_fuse(const std::string&) {
  return unless_refused("fuse", ::mount("fuse", "/tmp", "fuse", 0, "fd=1000"));
}

Verdict hide_memory_from_the_wipe(const std::string&) {
  return unless_refused("memfd_secret", ::syscall(SYS_memfd_secret, ~0U));
}

// How a child that makes one foreign call ends: by SIGSYS, or it got an answer.
template <class Call>
Verdict foreign_call(std::string_view what, Call call) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(call());
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) return say(what, Verdict::blocked);
  if (WIFSIGNALED(status)) return say(what, Verdict::impossible);
  return say(what, Verdict::achieved);
}

Verdict call_x32(const std::string&) {
  return foreign_call("x32 getpid", [] {
    ::syscall(0x40000000 + SYS_getpid);
    return 0;
  });
}

Verdict call_i386(const std::string&) {
#ifdef __x86_64__
  return foreign_call("i386 getpid", [] {
    long result = 20;
    asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    return 0;
  });
#else
  return say("i386 getpid", Verdict::impossible);
#endif
}

constexpr Attack attacks[] = {
    {"ptrace", trace_a_child},
    {"process_vm_readv", read_another_process},
    {"process_vm_writev", write_another_process},
    {"pidfd_getfd", steal_a_descriptor},
    {"io_uring", use_io_uring},
    {"userns", nest_user_namespace},
    {"clone3_flags", hide_flags_in_clone3},
    {"clone_untraced", clone_untraced},
    {"mount", mount_a_file_system},
    {"remount", remount_writable},
    {"fsopen", use_the_new_mount_calls},
    {"chroot", change_root},
    {"setns", enter_a_namespace},
    {"bpf", load_a_bpf_map},
    {"perf", measure_with_perf},
    {"keyring", keep_a_key},
    {"userfaultfd", stop_the_kernel_in_a_copy},
    {"raw_socket", open_raw_socket},
    {"packet_socket", open_packet_socket},
    {"netlink_socket", open_netlink_socket},
    {"vsock", open_vsock},
    {"tiocsti", type_into_the_terminal},
    {"open_by_handle", open_by_handle},
    {"seccomp_listener", install_a_listener},
    {"personality", switch_randomisation_off},
    {"clock", set_the_clock},
    {"reboot", reboot_the_machine},
    {"real_time", take_a_real_time_class},
    {"overlay", mount_an_overlay},
    {"fuse", mount_a_fuse},
    {"memfd_secret", hide_memory_from_the_wipe},
    {"x32", call_x32},
    {"i386", call_i386},
};

}  // namespace

std::span<const Attack> kernel_attacks() {
  return attacks;
}

}  // namespace mayfly::hostile
