// The seccomp policies beside the default one: plain data, read by seccomp_policy.cpp and nobody
// else.
//
// Shapes    A profile is an allow list. A call that it grants is decided as the default policy
//           decides it, or by an argument rule of the profile's own. A call that the default policy
//           allows, records or refuses, and the profile does not grant, gets `otherwise`. What the
//           default policy answers as a kernel without it does stays so in every profile.
//           A language's profile holds what its compiler, its runtime and ordinary programs written
//           in it need, as found by running them (tests/executor/policies_test.cpp).
#pragma once
#include <sys/socket.h>

#include <array>
#include <span>
#include <string_view>

#include "executor/seccomp_rules.hpp"

namespace mayfly::executor::rules {

struct Grant {
  std::string_view reason;
  std::string_view calls;  // separated by one space
};

struct Profile {
  std::string_view name;
  Action otherwise;
  std::string_view why_otherwise;
  std::span<const std::span<const Grant>> grants;
  std::span<const ArgumentRule> arguments;  // instead of the default policy's, in order
};

// --- what every program needs ---

inline constexpr std::array own_program = {
    Grant{"starts, and ends; the exec recorder sees it", "execve exit exit_group"},
    Grant{"threads and their locks",
          "clone futex set_robust_list get_robust_list set_tid_address rseq arch_prctl sched_yield "
          "sched_getaffinity getcpu gettid tgkill membarrier"},
    Grant{"own memory: bounded by the memory group",
          "brk mmap munmap mremap mprotect madvise msync mincore"},
    Grant{"opens, makes, moves and removes files in the record",
          "open openat openat2 creat mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 "
          "truncate"},
    Grant{"facts about files by path: the mount namespace says which there are",
          "access faccessat faccessat2 stat lstat newfstatat statx statfs readlink readlinkat "
          "getcwd chdir fchdir umask"},
    Grant{"open files: the descriptor was granted when it was opened",
          "read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek close "
          "close_range dup dup2 dup3 fcntl flock fstat fstatfs ftruncate fallocate getdents "
          "getdents64 fsync fdatasync fadvise64 copy_file_range sendfile pipe pipe2 ioctl"},
    Grant{"own signals",
          "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend "
          "sigaltstack restart_syscall"},
    Grant{"waiting, and the clock",
          "nanosleep clock_nanosleep poll ppoll select pselect6 time gettimeofday clock_gettime "
          "clock_getres times"},
    Grant{"who it is, and facts about the machine that every program asks for",
          "getpid getppid getpgrp getpgid getsid getuid geteuid getgid getegid getgroups getresuid "
          "getresgid uname sysinfo getrandom getrlimit getrusage prlimit64 setrlimit prctl"},
};

// --- what some need ---

inline constexpr std::array other_programs = {
    Grant{"runs other programs: bounded by the pids group, seen by the exec recorder",
          "fork vfork execveat wait4 waitid kill tkill setpgid setsid pidfd_open "
          "pidfd_send_signal getpriority setpriority"},
};
inline constexpr std::array file_facts = {
    Grant{"sets modes, owners and times, and makes links and pipes",
          "chmod fchmod fchmodat fchmodat2 chown lchown fchown fchownat utime utimes utimensat "
          "futimesat link linkat symlink symlinkat mknod mknodat"},
};
inline constexpr std::array event_loop = {
    Grant{"an event loop",
          "epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd "
          "eventfd2 timerfd_create timerfd_settime timerfd_gettime signalfd signalfd4"},
};
inline constexpr std::array timers = {
    Grant{"timers",
          "pause alarm getitimer setitimer timer_create timer_settime timer_gettime "
          "timer_getoverrun timer_delete"},
};
inline constexpr std::array sockets = {
    Grant{"sockets: the network namespace is empty, connect and bind are recorded",
          "socket socketpair connect bind listen accept accept4 shutdown getsockname getpeername "
          "getsockopt setsockopt sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg"},
};
inline constexpr std::array local_sockets = {
    Grant{"libc asks a cache of names and users, which is not there", "socket connect"},
};
inline constexpr std::array scheduling = {
    Grant{"asks for its scheduling, and gives processors up",
          "sched_setaffinity sched_getparam sched_getscheduler sched_setscheduler "
          "sched_get_priority_max sched_get_priority_min sched_getattr"},
};
inline constexpr std::array attributes = {
    Grant{"copies extended attributes with a file",
          "setxattr lsetxattr getxattr lgetxattr listxattr llistxattr fsetxattr fgetxattr "
          "flistxattr"},
};
inline constexpr std::array nameless_memory = {
    Grant{"memory as a file: bounded by the memory group", "memfd_create"},
};
inline constexpr std::array memory_keys = {
    Grant{"keys that protect compiled code from being written",
          "pkey_alloc pkey_free pkey_mprotect"},
    Grant{"asks which capabilities it has: none", "capget"},
};
inline constexpr std::array watches = {
    Grant{"watches its own files", "inotify_init inotify_init1 inotify_add_watch inotify_rm_watch"},
};

// --- arguments ---

inline constexpr std::uint32_t clone_thread = 0x00010000;

inline constexpr std::array strict_arguments = {
    ArgumentRule{"clone",
                 {masked(0, clone_refused_flags | clone_thread, clone_thread)},
                 allow,
                 "a thread of its own"},
    ArgumentRule{"clone", {}, kill_process, "another process"},
};
inline constexpr std::array shell_arguments = {
    ArgumentRule{"socket", {arg(0, AF_UNIX)}, allow, "inside the job's own network namespace"},
    ArgumentRule{"socket", {}, refuse_and_record, "a shell script needs no network"},
};

// --- the profiles ---

using GrantList = std::span<const Grant>;
inline constexpr std::array<GrantList, 1> strict_grants = {own_program};
inline constexpr std::array<GrantList, 8> python_grants = {own_program, other_programs, file_facts,
                                                           event_loop,  timers,         sockets,
                                                           scheduling,  nameless_memory};
inline constexpr std::array<GrantList, 8> node_grants = {
    own_program, other_programs, file_facts, event_loop, sockets, scheduling, memory_keys, watches};
inline constexpr std::array<GrantList, 6> shell_grants = {
    own_program, other_programs, file_facts, timers, attributes, local_sockets};
inline constexpr std::array<GrantList, 6> go_grants = {own_program, other_programs, file_facts,
                                                       event_loop,  timers,         sockets};
inline constexpr std::array<GrantList, 5> rust_grants = {own_program, other_programs, file_facts,
                                                         event_loop, sockets};
inline constexpr std::array<GrantList, 6> java_grants = {own_program, other_programs, file_facts,
                                                         event_loop,  sockets,        scheduling};
inline constexpr std::array<GrantList, 4> c_grants = {own_program, other_programs, file_facts,
                                                      timers};

inline constexpr std::string_view why_kill = "one program computes: it has no use for this";
inline constexpr std::string_view why_refuse = "no ordinary program of this language needs it";

inline constexpr std::array profiles = {
    Profile{"strict", kill_process, why_kill, strict_grants, strict_arguments},
    Profile{"python", refuse_and_record, why_refuse, python_grants, {}},
    Profile{"node", refuse_and_record, why_refuse, node_grants, {}},
    Profile{"shell", refuse_and_record, why_refuse, shell_grants, shell_arguments},
    Profile{"go", refuse_and_record, why_refuse, go_grants, {}},
    Profile{"rust", refuse_and_record, why_refuse, rust_grants, {}},
    Profile{"java", refuse_and_record, why_refuse, java_grants, {}},
    Profile{"c", refuse_and_record, why_refuse, c_grants, {}},
};

}  // namespace mayfly::executor::rules
