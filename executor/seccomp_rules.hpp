// The rules of the default seccomp policy: plain data, read by seccomp_policy.cpp and nobody else.
//
// Shapes    `plain_rules`: calls decided by their name. `argument_rules`: calls decided by their
//           arguments, in order, the first match decides; the last of a call has no test. Every
//           call the kernel had when the table was written is in exactly one of the two.
//           An argument is compared in its low 32 bits, as the kernel reads an int: a comparison of
//           64 bits is walked around by setting a high one.
#pragma once
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <string_view>

namespace mayfly::executor::rules {

// Allow, fail with this errno, leave it to the file recorder, or end the process.
struct Action {
  int fails_with = 0;  // 0: allowed; below 0: see below
  constexpr bool operator==(const Action&) const = default;
};
inline constexpr int recorded_call = -1;
inline constexpr int recorded_refusal = -2;
inline constexpr int killed_call = -3;
inline constexpr int traced_call = -4;
inline constexpr Action allow{};
inline constexpr Action refuse{EPERM};
// The call waits while the file recorder makes it in the job's place and writes it down.
inline constexpr Action record{recorded_call};
// It waits, too, and the file recorder does nothing but write down that it was refused (EPERM).
inline constexpr Action refuse_and_record{recorded_refusal};
inline constexpr Action kill_process{killed_call};
// Allowed, once the tracer has been told.
inline constexpr Action allow_traced{traced_call};

struct PlainRule {
  Action action;
  std::string_view reason;
  std::string_view calls;  // separated by one space
};

struct ArgumentTest {
  enum class Width : std::uint8_t { none, low32, full64 };
  std::uint8_t argument = 0;
  std::uint32_t mask = 0xffffffff;
  std::uint32_t equals = 0;
  Width width = Width::none;
};

constexpr ArgumentTest arg(std::uint8_t argument, std::uint32_t equals) {
  return {argument, 0xffffffff, equals, ArgumentTest::Width::low32};
}
constexpr ArgumentTest masked(std::uint8_t argument, std::uint32_t mask, std::uint32_t equals) {
  return {argument, mask, equals, ArgumentTest::Width::low32};
}
constexpr ArgumentTest null_pointer(std::uint8_t argument) {
  return {argument, 0xffffffff, 0, ArgumentTest::Width::full64};
}

struct ArgumentRule {
  std::string_view call;
  std::array<ArgumentTest, 3> tests;  // all must match
  Action action;
  std::string_view reason;
};

inline constexpr Action unknown_call{ENOSYS};

inline constexpr std::array plain_rules = {
    // --- allowed ---
    PlainRule{allow, "facts about files by path: the mount namespace says which there are",
              "access faccessat faccessat2 stat lstat newfstatat statx statfs readlink readlinkat "
              "chmod fchmodat fchmodat2 chown lchown fchownat utime utimes utimensat futimesat "
              "chdir fchdir getcwd umask setxattr lsetxattr getxattr lgetxattr listxattr "
              "llistxattr removexattr lremovexattr"},
    PlainRule{allow, "open files: the descriptor was granted when it was opened",
              "read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek "
              "close close_range dup dup2 dup3 fcntl flock fstat fstatfs ftruncate fallocate "
              "fchmod fchown fsetxattr fgetxattr flistxattr fremovexattr getdents getdents64 "
              "fsync fdatasync sync_file_range fadvise64 readahead copy_file_range sendfile "
              "splice tee vmsplice pipe pipe2 cachestat"},
    PlainRule{allow, "own memory: bounded by the memory group and RLIMIT_MEMLOCK",
              "brk mmap munmap mremap mprotect madvise msync mincore mlock mlock2 munlock mlockall "
              "munlockall memfd_create pkey_mprotect pkey_alloc pkey_free membarrier "
              "map_shadow_stack"},
    PlainRule{allow, "own processes: bounded by the pids group, seen by the exec recorder",
              "fork vfork exit exit_group wait4 waitid getpid getppid gettid "
              "getpgid getpgrp setpgid getsid setsid set_tid_address pidfd_open "
              "pidfd_send_signal kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo"},
    PlainRule{allow_traced,
              "the exec recorder hears of it first, so that a failure is recorded, too",
              "execve execveat"},
    PlainRule{allow, "signals, timers and waiting",
              "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait "
              "rt_sigsuspend sigaltstack restart_syscall pause alarm getitimer setitimer "
              "nanosleep clock_nanosleep timer_create timer_settime timer_gettime "
              "timer_getoverrun timer_delete timerfd_create timerfd_settime timerfd_gettime "
              "signalfd signalfd4 eventfd eventfd2 poll ppoll select pselect6 epoll_create "
              "epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 inotify_init "
              "inotify_init1 inotify_add_watch inotify_rm_watch"},
    PlainRule{allow, "threads and their locks",
              "futex futex_waitv futex_wake futex_wait futex_requeue set_robust_list "
              "get_robust_list rseq arch_prctl sched_yield sched_getaffinity sched_setaffinity "
              "sched_getparam sched_setparam sched_getscheduler sched_getattr "
              "sched_get_priority_max sched_get_priority_min sched_rr_get_interval getcpu "
              "getpriority setpriority ioprio_get get_mempolicy"},
    PlainRule{allow, "reading the clock", "time gettimeofday clock_gettime clock_getres times"},
    PlainRule{allow, "identity: the job has no capability, so it can only give up",
              "getuid geteuid getgid getegid getgroups getresuid getresgid setuid setgid setreuid "
              "setregid setresuid setresgid setfsuid setfsgid setgroups capget capset"},
    PlainRule{allow, "facts about the machine that every program asks for",
              "uname sysinfo getrandom getrlimit getrusage"},
    PlainRule{allow, "sockets that exist: which kinds can be made is decided at socket()",
              "accept accept4 listen shutdown getsockname getpeername getsockopt "
              "setsockopt recvfrom recvmsg recvmmsg"},
    PlainRule{allow, "System V and POSIX IPC: the ipc namespace is the job's own",
              "shmget shmat shmdt shmctl semget semop semtimedop semctl msgget msgsnd msgrcv "
              "msgctl mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr"},
    PlainRule{allow, "a job may confine itself further",
              "landlock_create_ruleset landlock_add_rule landlock_restrict_self"},
    PlainRule{allow, "Linux AIO: bounded by fs.aio-max-nr, its files were opened by us",
              "io_setup io_destroy io_getevents io_pgetevents io_submit io_cancel"},

    // --- made by the file recorder in the job's place ---
    PlainRule{record, "opens, makes, moves or removes a file by path",
              "openat2 creat mkdir mkdirat rmdir unlink unlinkat rename renameat "
              "renameat2 link linkat symlink symlinkat truncate"},
    PlainRule{record, "names an address, or makes a socket's file", "connect bind"},

    // --- answered as if the kernel did not have them ---
    PlainRule{{ENOSYS},
              "its flags are behind a pointer that a filter cannot read; libc falls back",
              "clone3"},
    PlainRule{{ENOSYS},
              "not implemented by Linux, or only by kernels long gone",
              "uselib _sysctl create_module get_kernel_syms query_module nfsservctl getpmsg "
              "putpmsg afs_syscall tuxcall security vserver epoll_ctl_old epoll_wait_old "
              "set_thread_area get_thread_area ustat sysfs lookup_dcookie remap_file_pages"},

    // --- refused ---
    PlainRule{refuse, "would act without a call that the recorder sees",
              "io_uring_setup io_uring_enter io_uring_register"},
    PlainRule{refuse, "reads or steers another process behind the recorder's back",
              "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease "
              "pidfd_getfd kcmp"},
    PlainRule{refuse, "opens a file by number, past every path check",
              "open_by_handle_at name_to_handle_at"},
    PlainRule{refuse, "stops the kernel in the middle of a copy: the tool of kernel exploits",
              "userfaultfd"},
    PlainRule{refuse, "runs code in the kernel, or measures it and other processes",
              "bpf perf_event_open"},
    PlainRule{refuse, "keyrings outlive the run and are shared by user id",
              "add_key request_key keyctl"},
    PlainRule{refuse, "memory that a wipe cannot look at", "memfd_secret"},
    PlainRule{refuse, "changes what paths mean",
              "mount umount2 pivot_root chroot open_tree move_mount fsopen fsconfig fsmount fspick "
              "mount_setattr"},
    PlainRule{refuse, "a new namespace has capabilities of its own; ours is the last one",
              "unshare setns"},
    PlainRule{refuse, "sees other processes' file accesses", "fanotify_init fanotify_mark"},
    PlainRule{refuse, "loads code into the kernel, or replaces it",
              "init_module finit_module delete_module kexec_load kexec_file_load"},
    PlainRule{refuse, "sets the machine's clock",
              "settimeofday clock_settime clock_adjtime adjtimex"},
    PlainRule{refuse, "administers the machine",
              "reboot swapon swapoff acct quotactl quotactl_fd sethostname setdomainname vhangup "
              "syslog"},
    PlainRule{refuse, "flushes every disk of the machine, not only the job's memory",
              "sync syncfs"},
    PlainRule{refuse, "touches hardware, or the descriptor tables of the processor",
              "iopl ioperm modify_ldt"},
    PlainRule{refuse, "moves memory between NUMA nodes, its own or another's",
              "move_pages migrate_pages mbind set_mempolicy set_mempolicy_home_node"},
    PlainRule{refuse, "a priority that starves the supervisor", "sched_setattr ioprio_set"},
};

// The new namespaces of clone(2), and CLONE_UNTRACED: a child that the exec recorder never sees.
inline constexpr std::uint32_t clone_refused_flags =
    0x00020000 /* NEWNS */ | 0x02000000 /* NEWCGROUP */ | 0x04000000 /* NEWUTS */ |
    0x08000000 /* NEWIPC */ | 0x10000000 /* NEWUSER */ | 0x20000000 /* NEWPID */ |
    0x40000000 /* NEWNET */ | 0x00800000 /* UNTRACED */;
inline constexpr std::uint32_t seccomp_new_listener = 8;
inline constexpr std::uint32_t socket_type_mask = 0xf;  // without SOCK_NONBLOCK, SOCK_CLOEXEC

inline constexpr std::uint32_t open_path_flag = 0x200000;  // O_PATH

inline constexpr std::string_view why_path = "O_PATH: names a file without opening it";
inline constexpr std::string_view why_open = "opens or makes a file by path";
inline constexpr std::string_view why_inet =
    "TCP and UDP: the network namespace is empty, programs still make sockets";
inline constexpr std::string_view why_fast_open =
    "TCP fast open: would connect without a call that is recorded";
inline constexpr std::string_view why_message =
    "an address is behind a pointer; the empty network namespace has no way to any";
inline constexpr std::string_view why_terminal = "terminal handling of ordinary programs";
inline constexpr std::string_view why_descriptor = "descriptor flags and queue lengths";
inline constexpr std::string_view why_interfaces = "lists the job's own network interfaces";
inline constexpr std::string_view why_prctl = "a process about itself, without new privileges";

inline constexpr std::array argument_rules = {
    // The kernel cannot pass on such a descriptor (SECCOMP_IOCTL_NOTIF_ADDFD), and nothing can be
    // read or written through it; opening it again is a call of its own.
    ArgumentRule{"open", {masked(1, open_path_flag, open_path_flag)}, allow, why_path},
    ArgumentRule{"open", {}, record, why_open},
    ArgumentRule{"openat", {masked(2, open_path_flag, open_path_flag)}, allow, why_path},
    ArgumentRule{"openat", {}, record, why_open},

    ArgumentRule{"clone", {masked(0, clone_refused_flags, 0)}, allow, "processes and threads"},
    ArgumentRule{"clone", {}, refuse, "new namespaces, and children that are not traced"},

    ArgumentRule{"socket", {arg(0, AF_UNIX)}, allow, "inside the job's own network namespace"},
    ArgumentRule{"socket",
                 {arg(0, AF_INET), masked(1, socket_type_mask, SOCK_STREAM), arg(2, 0)},
                 allow,
                 why_inet},
    ArgumentRule{"socket",
                 {arg(0, AF_INET), masked(1, socket_type_mask, SOCK_STREAM), arg(2, IPPROTO_TCP)},
                 allow,
                 why_inet},
    ArgumentRule{"socket",
                 {arg(0, AF_INET), masked(1, socket_type_mask, SOCK_DGRAM), arg(2, 0)},
                 allow,
                 why_inet},
    ArgumentRule{"socket",
                 {arg(0, AF_INET), masked(1, socket_type_mask, SOCK_DGRAM), arg(2, IPPROTO_UDP)},
                 allow,
                 why_inet},
    ArgumentRule{"socket",
                 {arg(0, AF_INET6), masked(1, socket_type_mask, SOCK_STREAM), arg(2, 0)},
                 allow,
                 why_inet},
    ArgumentRule{"socket",
                 {arg(0, AF_INET6), masked(1, socket_type_mask, SOCK_STREAM), arg(2, IPPROTO_TCP)},
                 allow,
                 why_inet},
    ArgumentRule{"socket",
                 {arg(0, AF_INET6), masked(1, socket_type_mask, SOCK_DGRAM), arg(2, 0)},
                 allow,
                 why_inet},
    ArgumentRule{"socket",
                 {arg(0, AF_INET6), masked(1, socket_type_mask, SOCK_DGRAM), arg(2, IPPROTO_UDP)},
                 allow,
                 why_inet},
    ArgumentRule{"socket",
                 {arg(0, AF_NETLINK), arg(2, 0)},
                 allow,
                 "NETLINK_ROUTE: libc lists interfaces and addresses with it"},
    ArgumentRule{"socket", {arg(0, AF_INET)}, refuse, "raw sockets and rare protocols"},
    ArgumentRule{"socket", {arg(0, AF_INET6)}, refuse, "raw sockets and rare protocols"},
    ArgumentRule{"socket", {arg(0, AF_NETLINK)}, refuse, "kernel administration"},
    ArgumentRule{"socket", {arg(0, AF_PACKET)}, refuse, "reads and forges frames"},
    ArgumentRule{"socket",
                 {arg(0, AF_VSOCK)},
                 refuse,
                 "reaches the hypervisor: a network namespace does not isolate it"},
    ArgumentRule{"socket", {}, {EAFNOSUPPORT}, "every other family is attack surface"},
    ArgumentRule{"socketpair", {arg(0, AF_UNIX)}, allow, "a pipe with two ends"},
    ArgumentRule{"socketpair", {}, {EAFNOSUPPORT}, "every other family is attack surface"},

    ArgumentRule{"sendto", {masked(3, MSG_FASTOPEN, MSG_FASTOPEN)}, refuse, why_fast_open},
    ArgumentRule{"sendto", {null_pointer(4)}, allow, "to whom the socket is connected"},
    ArgumentRule{"sendto", {}, record, "names an address"},
    ArgumentRule{"sendmsg", {masked(2, MSG_FASTOPEN, MSG_FASTOPEN)}, refuse, why_fast_open},
    ArgumentRule{"sendmsg", {}, allow, why_message},
    ArgumentRule{"sendmmsg", {masked(3, MSG_FASTOPEN, MSG_FASTOPEN)}, refuse, why_fast_open},
    ArgumentRule{"sendmmsg", {}, allow, why_message},

    ArgumentRule{"ioctl", {arg(1, TCGETS)}, allow, why_terminal},
    ArgumentRule{"ioctl", {arg(1, TCSETS)}, allow, why_terminal},
    ArgumentRule{"ioctl", {arg(1, TCSETSW)}, allow, why_terminal},
    ArgumentRule{"ioctl", {arg(1, TCSETSF)}, allow, why_terminal},
    ArgumentRule{"ioctl", {arg(1, 0x802c542a)}, allow, why_terminal},  // TCGETS2
    ArgumentRule{"ioctl", {arg(1, TCSBRK)}, allow, why_terminal},
    ArgumentRule{"ioctl", {arg(1, TCXONC)}, allow, why_terminal},
    ArgumentRule{"ioctl", {arg(1, TCFLSH)}, allow, why_terminal},
    ArgumentRule{"ioctl", {arg(1, TIOCGWINSZ)}, allow, why_terminal},
    ArgumentRule{"ioctl", {arg(1, TIOCSWINSZ)}, allow, why_terminal},
    ArgumentRule{"ioctl", {arg(1, TIOCGPGRP)}, allow, why_terminal},
    ArgumentRule{"ioctl", {arg(1, TIOCSPGRP)}, allow, why_terminal},
    ArgumentRule{"ioctl", {arg(1, TIOCSCTTY)}, allow, why_terminal},
    ArgumentRule{"ioctl", {arg(1, TIOCNOTTY)}, allow, why_terminal},
    ArgumentRule{"ioctl", {arg(1, TIOCGSID)}, allow, why_terminal},
    ArgumentRule{"ioctl", {arg(1, TIOCGPTN)}, allow, why_terminal},
    ArgumentRule{"ioctl", {arg(1, TIOCSPTLCK)}, allow, why_terminal},
    ArgumentRule{"ioctl", {arg(1, TIOCGPTPEER)}, allow, why_terminal},
    ArgumentRule{"ioctl", {arg(1, FIONREAD)}, allow, why_descriptor},
    ArgumentRule{"ioctl", {arg(1, FIONBIO)}, allow, why_descriptor},
    ArgumentRule{"ioctl", {arg(1, FIOASYNC)}, allow, why_descriptor},
    ArgumentRule{"ioctl", {arg(1, FIOCLEX)}, allow, why_descriptor},
    ArgumentRule{"ioctl", {arg(1, FIONCLEX)}, allow, why_descriptor},
    ArgumentRule{"ioctl", {arg(1, TIOCOUTQ)}, allow, why_descriptor},
    ArgumentRule{"ioctl", {arg(1, 0x8910)}, allow, why_interfaces},  // SIOCGIFNAME
    ArgumentRule{"ioctl", {arg(1, 0x8912)}, allow, why_interfaces},  // SIOCGIFCONF
    ArgumentRule{"ioctl", {arg(1, 0x8913)}, allow, why_interfaces},  // SIOCGIFFLAGS
    ArgumentRule{"ioctl", {arg(1, 0x8915)}, allow, why_interfaces},  // SIOCGIFADDR
    ArgumentRule{"ioctl", {arg(1, 0x891b)}, allow, why_interfaces},  // SIOCGIFNETMASK
    ArgumentRule{"ioctl", {arg(1, 0x8921)}, allow, why_interfaces},  // SIOCGIFMTU
    ArgumentRule{"ioctl", {arg(1, 0x8927)}, allow, why_interfaces},  // SIOCGIFHWADDR
    ArgumentRule{"ioctl", {arg(1, 0x8933)}, allow, why_interfaces},  // SIOCGIFINDEX
    ArgumentRule{"ioctl",
                 {arg(1, TIOCSTI)},
                 refuse,
                 "types into the terminal of whoever started us"},
    ArgumentRule{"ioctl", {arg(1, TIOCLINUX)}, refuse, "pastes into a console"},
    ArgumentRule{"ioctl", {}, {ENOTTY}, "drivers and file systems behind other numbers"},

    ArgumentRule{"mknod", {masked(1, S_IFMT, S_IFIFO)}, record, "named pipes"},
    ArgumentRule{"mknod", {masked(1, S_IFMT, S_IFREG)}, record, "ordinary files"},
    ArgumentRule{"mknod", {masked(1, S_IFMT, S_IFSOCK)}, record, "unix sockets"},
    ArgumentRule{"mknod", {masked(1, S_IFMT, 0)}, record, "ordinary files"},
    ArgumentRule{"mknod", {}, refuse, "device nodes"},
    ArgumentRule{"mknodat", {masked(2, S_IFMT, S_IFIFO)}, record, "named pipes"},
    ArgumentRule{"mknodat", {masked(2, S_IFMT, S_IFREG)}, record, "ordinary files"},
    ArgumentRule{"mknodat", {masked(2, S_IFMT, S_IFSOCK)}, record, "unix sockets"},
    ArgumentRule{"mknodat", {masked(2, S_IFMT, 0)}, record, "ordinary files"},
    ArgumentRule{"mknodat", {}, refuse, "device nodes"},

    // A crashing job's memory is the dataset. RLIMIT_CORE 0 does not stop a core_pattern that is a
    // pipe; the runner sets 1, which does, and the job must not be able to lower it again.
    ArgumentRule{"prlimit64", {arg(1, RLIMIT_CORE), null_pointer(2)}, allow, "reading a limit"},
    ArgumentRule{"prlimit64", {arg(1, RLIMIT_CORE)}, refuse, "would turn core dumps on again"},
    ArgumentRule{"prlimit64", {}, allow, "limits can only be lowered"},
    ArgumentRule{"setrlimit", {arg(0, RLIMIT_CORE)}, refuse, "would turn core dumps on again"},
    ArgumentRule{"setrlimit", {}, allow, "limits can only be lowered"},

    ArgumentRule{"personality", {arg(0, 0xffffffff)}, allow, "asking"},
    ArgumentRule{"personality", {arg(0, 0)}, allow, "plain Linux, as it is"},
    ArgumentRule{"personality", {}, refuse, "address randomisation off, old ABIs on"},

    ArgumentRule{"sched_setscheduler", {masked(1, 0xbfffffff, 0)}, allow, "SCHED_OTHER"},
    ArgumentRule{"sched_setscheduler", {masked(1, 0xbfffffff, 3)}, allow, "SCHED_BATCH"},
    ArgumentRule{"sched_setscheduler", {masked(1, 0xbfffffff, 5)}, allow, "SCHED_IDLE"},
    ArgumentRule{"sched_setscheduler", {}, refuse, "a real-time class starves the supervisor"},

    ArgumentRule{"seccomp",
                 {arg(0, 1), masked(1, seccomp_new_listener, 0)},
                 allow,
                 "a job may confine itself further"},
    ArgumentRule{"seccomp", {arg(0, 0)}, allow, "strict mode"},
    ArgumentRule{"seccomp", {arg(0, 2)}, allow, "asking"},
    ArgumentRule{"seccomp", {arg(0, 3)}, allow, "asking"},
    ArgumentRule{"seccomp", {}, refuse, "a second listener would answer in the recorder's place"},

    ArgumentRule{"prctl", {arg(0, PR_SET_NAME)}, allow, why_prctl},
    ArgumentRule{"prctl", {arg(0, PR_GET_NAME)}, allow, why_prctl},
    ArgumentRule{"prctl", {arg(0, PR_SET_PDEATHSIG)}, allow, why_prctl},
    ArgumentRule{"prctl", {arg(0, PR_GET_PDEATHSIG)}, allow, why_prctl},
    ArgumentRule{"prctl", {arg(0, PR_SET_DUMPABLE)}, allow, why_prctl},
    ArgumentRule{"prctl", {arg(0, PR_GET_DUMPABLE)}, allow, why_prctl},
    ArgumentRule{"prctl", {arg(0, PR_GET_KEEPCAPS)}, allow, why_prctl},
    ArgumentRule{"prctl", {arg(0, PR_CAPBSET_READ)}, allow, why_prctl},
    ArgumentRule{"prctl", {arg(0, PR_GET_SECUREBITS)}, allow, why_prctl},
    ArgumentRule{"prctl", {arg(0, PR_SET_TIMERSLACK)}, allow, why_prctl},
    ArgumentRule{"prctl", {arg(0, PR_GET_TIMERSLACK)}, allow, why_prctl},
    ArgumentRule{"prctl", {arg(0, PR_SET_CHILD_SUBREAPER)}, allow, why_prctl},
    ArgumentRule{"prctl", {arg(0, PR_GET_CHILD_SUBREAPER)}, allow, why_prctl},
    ArgumentRule{"prctl", {arg(0, PR_SET_NO_NEW_PRIVS)}, allow, why_prctl},
    ArgumentRule{"prctl", {arg(0, PR_GET_NO_NEW_PRIVS)}, allow, why_prctl},
    ArgumentRule{"prctl", {arg(0, PR_GET_SECCOMP)}, allow, why_prctl},
    ArgumentRule{"prctl", {arg(0, PR_SET_SECCOMP)}, allow, "a job may confine itself further"},
    ArgumentRule{"prctl", {arg(0, PR_SET_THP_DISABLE)}, allow, why_prctl},
    ArgumentRule{"prctl", {arg(0, PR_GET_THP_DISABLE)}, allow, why_prctl},
    ArgumentRule{"prctl", {arg(0, PR_GET_SPECULATION_CTRL)}, allow, why_prctl},
    ArgumentRule{"prctl", {arg(0, 0x53564d41)}, allow, "names own memory (PR_SET_VMA)"},
    ArgumentRule{"prctl", {arg(0, PR_SET_MM)}, refuse, "forges /proc/PID/cmdline and exe"},
    ArgumentRule{"prctl", {arg(0, PR_SET_PTRACER)}, refuse, "invites a tracer"},
    ArgumentRule{"prctl", {}, {EINVAL}, "every other option, as a kernel without it answers"},
};

// --- in a seeded run, instead of the rules of these calls ---

inline constexpr std::string_view why_seeded = "served from the run's seed";
inline constexpr std::string_view why_calendar = "the calendar begins at a fixed moment";

inline constexpr std::array seeded_plain_rules = {
    PlainRule{record, why_seeded, "getrandom"},
    PlainRule{record, why_calendar, "time gettimeofday"},
};
inline constexpr std::array seeded_argument_rules = {
    ArgumentRule{"clock_gettime", {arg(0, CLOCK_REALTIME)}, record, why_calendar},
    ArgumentRule{"clock_gettime", {arg(0, CLOCK_REALTIME_COARSE)}, record, why_calendar},
    ArgumentRule{"clock_gettime", {arg(0, CLOCK_REALTIME_ALARM)}, record, why_calendar},
    ArgumentRule{"clock_gettime", {arg(0, CLOCK_TAI)}, record, why_calendar},
    ArgumentRule{"clock_gettime", {}, allow, "clocks that count from the start of something"},
};

}  // namespace mayfly::executor::rules
