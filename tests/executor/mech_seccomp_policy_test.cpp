// The default policy, as text and as what the kernel does with it. Calls are made in children, once
// with the filter and once without, with arguments that do nothing even to root.
#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>

#include "base/file_io.hpp"
#include "executor/seccomp_policy.hpp"
#include "tests/executor/mech_child.hpp"

namespace mayfly::executor {
namespace {

using test::run_in_child;

using Arguments = std::array<std::uint64_t, 6>;
constexpr std::uint64_t bad = ~std::uint64_t{0};  // a descriptor, flag set or size that is refused

CompiledPolicy compiled(std::string_view name = default_policy_name) {
  auto policy = compile_policy(name);
  if (!policy) throw std::runtime_error(policy.error().message());
  return std::move(*policy);
}

enum class Filter : std::uint8_t { off, on };

// errno of one call in a child, 0 when it succeeded; minus the signal that ended it.
int errno_of_call(long number, const Arguments& a, Filter filter) {
  const auto policy = compiled();
  const auto status = run_in_child([&] {
    if (filter == Filter::on &&
        (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !install(policy))) {
      return 255;
    }
    ::setsid();  // vhangup(2) must not find a terminal
    const pid_t self = ::getpid();
    errno = 0;
    const long result = ::syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    const int failed_with = result == -1 ? errno : 0;
    if (::getpid() != self) ::_exit(0);  // the other side of clone(2)
    return failed_with;
  });
  return status.signal != 0 ? -status.signal : status.exit_code;
}

// Without root, or below another filter, the kernel refuses many of these calls by itself.
bool control_is_possible() {
  return ::geteuid() == 0 && ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0;
}

struct RefusedCall {
  const char* name;
  Arguments arguments;
  int fails_with = EPERM;
};

std::uint64_t address_of(const void* object) {
  return reinterpret_cast<std::uintptr_t>(object);
}

void PrintTo(const RefusedCall& call, std::ostream* out) {
  *out << call.name;
}

class RefusedCallTest : public testing::TestWithParam<RefusedCall> {};

TEST_P(RefusedCallTest, FailsAsStatedAndOnlyByTheFilter) {
  const auto& call = GetParam();
  const int number = ::seccomp_syscall_resolve_name(call.name);
  ASSERT_GE(number, 0);
  EXPECT_EQ(errno_of_call(number, call.arguments, Filter::on), call.fails_with);
  if (!control_is_possible()) return;
  EXPECT_NE(errno_of_call(number, call.arguments, Filter::off), call.fails_with)
      << "this test cannot fail";
}

INSTANTIATE_TEST_SUITE_P(
    ByName, RefusedCallTest,
    testing::Values(
        RefusedCall{"io_uring_setup", {0, 0}}, RefusedCall{"io_uring_enter", {bad}},
        RefusedCall{"io_uring_register", {bad}}, RefusedCall{"ptrace", {PTRACE_TRACEME}},
        RefusedCall{"process_vm_readv", {1, 0, 0, 0, 0, 0}},
        RefusedCall{"process_vm_writev", {1, 0, 0, 0, 0, 0}}, RefusedCall{"process_madvise", {bad}},
        RefusedCall{"process_mrelease", {bad}}, RefusedCall{"pidfd_getfd", {bad}},
        RefusedCall{"kcmp", {0x7fffffff}}, RefusedCall{"open_by_handle_at", {bad}},
        RefusedCall{"name_to_handle_at", {bad}}, RefusedCall{"userfaultfd", {bad}},
        RefusedCall{"bpf", {9999}}, RefusedCall{"perf_event_open", {0}},
        RefusedCall{"add_key", {0}}, RefusedCall{"request_key", {0}}, RefusedCall{"keyctl", {9999}},
        RefusedCall{"memfd_secret", {bad}}, RefusedCall{"mount", {0}},
        RefusedCall{"umount2", {0, bad}}, RefusedCall{"pivot_root", {0}},
        RefusedCall{"chroot", {0}}, RefusedCall{"open_tree", {bad, 0, bad}},
        RefusedCall{"move_mount", {bad, 0, bad, 0, bad}}, RefusedCall{"fsopen", {0, bad}},
        RefusedCall{"fsconfig", {bad, 999}}, RefusedCall{"fsmount", {bad, bad}},
        RefusedCall{"fspick", {bad, 0, bad}}, RefusedCall{"mount_setattr", {bad, 0, bad}},
        RefusedCall{"unshare", {0}}, RefusedCall{"setns", {bad}},
        RefusedCall{"fanotify_init", {bad}}, RefusedCall{"fanotify_mark", {bad}},
        RefusedCall{"init_module", {0}}, RefusedCall{"finit_module", {bad, 0, bad}},
        RefusedCall{"delete_module", {0}}),
    [](const auto& test) { return std::string(test.param.name); });

INSTANTIATE_TEST_SUITE_P(
    ByNameOfTheMachine, RefusedCallTest,
    testing::Values(RefusedCall{"kexec_load", {0, bad, 0, bad}},
                    RefusedCall{"kexec_file_load", {bad, bad, 0, 0, bad}},
                    RefusedCall{"settimeofday", {1}}, RefusedCall{"clock_settime", {9999}},
                    RefusedCall{"clock_adjtime", {9999}}, RefusedCall{"adjtimex", {0}},
                    RefusedCall{"reboot", {0}}, RefusedCall{"swapon", {0}},
                    RefusedCall{"swapoff", {0}}, RefusedCall{"acct", {1}},
                    RefusedCall{"quotactl", {bad}}, RefusedCall{"quotactl_fd", {bad}},
                    RefusedCall{"sethostname", {0, bad}}, RefusedCall{"setdomainname", {0, bad}},
                    RefusedCall{"vhangup", {}}, RefusedCall{"syslog", {9999}},
                    RefusedCall{"sync", {}}, RefusedCall{"syncfs", {bad}}, RefusedCall{"iopl", {9}},
                    RefusedCall{"ioperm", {bad, bad, 1}}, RefusedCall{"modify_ldt", {99}},
                    RefusedCall{"move_pages", {0, 0, 0, 0, 0, bad}},
                    RefusedCall{"migrate_pages", {0, 1}}, RefusedCall{"mbind", {1}},
                    RefusedCall{"set_mempolicy", {99}}, RefusedCall{"set_mempolicy_home_node", {1}},
                    RefusedCall{"sched_setattr", {0}}, RefusedCall{"ioprio_set", {99}},
                    RefusedCall{"clone3", {0, 0}, ENOSYS}),
    [](const auto& test) { return std::string(test.param.name); });

struct RefusedArguments {
  const char* what;
  const char* call;
  Arguments arguments;
  int fails_with = EPERM;
};

void PrintTo(const RefusedArguments& call, std::ostream* out) {
  *out << call.what;
}

class RefusedArgumentsTest : public testing::TestWithParam<RefusedArguments> {};

TEST_P(RefusedArgumentsTest, FailsAsStatedAndOnlyByTheFilter) {
  const auto& call = GetParam();
  const int number = ::seccomp_syscall_resolve_name(call.call);
  EXPECT_EQ(errno_of_call(number, call.arguments, Filter::on), call.fails_with);
  if (!control_is_possible()) return;
  EXPECT_NE(errno_of_call(number, call.arguments, Filter::off), call.fails_with)
      << "this test cannot fail";
}

constexpr std::uint64_t high_bit = std::uint64_t{1} << 32;
constexpr rlimit core_unlimited{0, 0};

INSTANTIATE_TEST_SUITE_P(
    ByArgument, RefusedArgumentsTest,
    testing::Values(
        RefusedArguments{"NewUserNamespace", "clone", {CLONE_NEWUSER | SIGCHLD}},
        RefusedArguments{"NewMountNamespace", "clone", {CLONE_NEWNS | SIGCHLD}},
        RefusedArguments{"NewNetworkNamespace", "clone", {CLONE_NEWNET | SIGCHLD}},
        RefusedArguments{"NewPidNamespace", "clone", {CLONE_NEWPID | SIGCHLD}},
        RefusedArguments{"NewIpcNamespace", "clone", {CLONE_NEWIPC | SIGCHLD}},
        RefusedArguments{"NewUtsNamespace", "clone", {CLONE_NEWUTS | SIGCHLD}},
        RefusedArguments{"NewCgroupNamespace", "clone", {CLONE_NEWCGROUP | SIGCHLD}},
        RefusedArguments{"UntracedChild", "clone", {CLONE_UNTRACED | SIGCHLD}},
        RefusedArguments{"NamespaceWithHighBits", "clone", {high_bit | CLONE_NEWUTS | SIGCHLD}},
        RefusedArguments{"RawInet", "socket", {AF_INET, SOCK_RAW, 1}},
        RefusedArguments{"RawInetWithFlags", "socket", {AF_INET, SOCK_RAW | SOCK_CLOEXEC, 1}},
        RefusedArguments{"RawInet6", "socket", {AF_INET6, SOCK_RAW, 58}},
        RefusedArguments{"Sctp", "socket", {AF_INET, SOCK_STREAM, 132}},
        RefusedArguments{"Packet", "socket", {AF_PACKET, SOCK_RAW, 0}},
        RefusedArguments{"GenericNetlink", "socket", {AF_NETLINK, SOCK_RAW, 16}},
        RefusedArguments{"AuditNetlink", "socket", {AF_NETLINK, SOCK_RAW, 9}},
        RefusedArguments{"Vsock", "socket", {AF_VSOCK, SOCK_STREAM, 0}},
        RefusedArguments{"VsockWithHighBits", "socket", {high_bit | AF_VSOCK, SOCK_STREAM, 0}},
        RefusedArguments{"TypeIntoTerminal", "ioctl", {bad, TIOCSTI}},
        RefusedArguments{"TypeIntoTerminalWithHighBits", "ioctl", {bad, high_bit | TIOCSTI}},
        RefusedArguments{"PasteIntoConsole", "ioctl", {bad, TIOCLINUX}},
        RefusedArguments{"OtherDriver", "ioctl", {bad, 0xb701}, ENOTTY},
        RefusedArguments{"CharacterDevice", "mknod", {1, S_IFCHR | 0600, 0x103}},
        RefusedArguments{"BlockDevice", "mknodat", {bad, 1, S_IFBLK | 0600, 0x800}},
        RefusedArguments{
            "CoreLimitAgain", "prlimit64", {0, RLIMIT_CORE, address_of(&core_unlimited), 0}},
        RefusedArguments{
            "CoreLimitAgainTheOldWay", "setrlimit", {RLIMIT_CORE, address_of(&core_unlimited)}},
        RefusedArguments{"NoAddressRandomisation", "personality", {0x0040000}},
        RefusedArguments{"RealTimeClass", "sched_setscheduler", {0, SCHED_FIFO, 0}},
        RefusedArguments{
            "RealTimeClassWithFlag", "sched_setscheduler", {0, SCHED_RR | SCHED_RESET_ON_FORK, 0}},
        RefusedArguments{"SecondListener",
                         "seccomp",
                         {SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, 0}},
        RefusedArguments{"InviteATracer", "prctl", {PR_SET_PTRACER, bad}},
        RefusedArguments{"ForgeOwnMemoryMap", "prctl", {PR_SET_MM, PR_SET_MM_MAP_SIZE, 1, 0, 0}}),
    [](const auto& test) { return std::string(test.param.what); });

TEST(SeccompPolicy, KillsACallOfTheX32Abi) {
  EXPECT_EQ(errno_of_call(0x40000000 + SYS_getpid, {}, Filter::on), -SIGSYS);
  EXPECT_NE(errno_of_call(0x40000000 + SYS_getpid, {}, Filter::off), -SIGSYS);
}

#ifdef __x86_64__
// 20 is getpid for i386 and writev for x86-64: a filter that looked at the number alone is wrong.
int i386_getpid() {
  int result = 20;
  asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
  return result > 0 ? 0 : 1;
}

TEST(SeccompPolicy, KillsACallOfTheI386Abi) {
  const auto control = run_in_child(i386_getpid);
  if (control.exit_code != 0) {
    GTEST_SKIP() << "this kernel has no 32-bit calls (signal " << control.signal << ")";
  }
  const auto policy = compiled();
  EXPECT_EQ(run_in_child([&] {
              ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
              return install(policy) ? i386_getpid() : 2;
            }).signal,
            SIGSYS);
}
#endif

TEST(SeccompPolicy, AnswersAnUnknownCallAsAKernelWithoutItDoes) {
  EXPECT_EQ(errno_of_call(1023, {}, Filter::on), ENOSYS);
}

TEST(SeccompPolicy, NeedsNoNewPrivileges) {
  if (::geteuid() == 0) {
    EXPECT_EQ(run_in_child([] {
                const auto policy = compile_default_policy();
                if (::setgid(65534) != 0 || ::setuid(65534) != 0) return 2;
                return install(*policy) ? 1 : 0;
              }).exit_code,
              0);
  } else {
    const auto policy = compiled();
    EXPECT_EQ(run_in_child([&] { return install(policy) ? 1 : 0; }).exit_code, 0);
  }
}

// --- the text is what runs ---

struct TextRule {
  std::vector<std::array<std::uint64_t, 4>> tests;  // argument, mask, value, 1 when 64 bits count
  std::string action;
};

std::map<std::string, std::vector<TextRule>> rules_of_text(std::string_view text) {
  std::map<std::string, std::vector<TextRule>> rules;
  std::istringstream lines{std::string(text)};
  std::string line;
  for (int number = 0; std::getline(lines, line); ++number) {
    if (number < 5) continue;  // the heading
    line = line.substr(0, line.find("  # "));
    const std::size_t colon = line.rfind(": ");
    std::istringstream words(line.substr(0, colon));
    std::string call, word;
    words >> call;
    TextRule rule{{}, line.substr(colon + 2)};
    while (words >> word) {
      if (!word.starts_with("arg")) continue;  // "if", "and"
      const bool wide = word.find(":64") != std::string::npos;
      const std::size_t mask = word.find('&');
      rule.tests.push_back({static_cast<std::uint64_t>(word[3] - '0'),
                            mask == std::string::npos
                                ? (wide ? ~std::uint64_t{0} : 0xffffffff)
                                : std::stoull(word.substr(mask + 1), nullptr, 16),
                            std::stoull(word.substr(word.find("==") + 2), nullptr, 16), wide});
    }
    rules[call].push_back(rule);
  }
  return rules;
}

std::uint32_t return_of(const std::string& action) {
  static const std::map<std::string, std::uint32_t> returns = {
      {"allow", SECCOMP_RET_ALLOW},
      {"record", SECCOMP_RET_USER_NOTIF},
      {"record, errno EPERM", SECCOMP_RET_USER_NOTIF},
      {"kill process", SECCOMP_RET_KILL_PROCESS},
      {"allow, traced", SECCOMP_RET_TRACE},
      {"errno EPERM", SECCOMP_RET_ERRNO | EPERM},
      {"errno ENOSYS", SECCOMP_RET_ERRNO | ENOSYS},
      {"errno EINVAL", SECCOMP_RET_ERRNO | EINVAL},
      {"errno ENOTTY", SECCOMP_RET_ERRNO | ENOTTY},
      {"errno EAFNOSUPPORT", SECCOMP_RET_ERRNO | EAFNOSUPPORT}};
  return returns.at(action);
}

std::uint32_t text_decides(const std::vector<TextRule>& rules, const seccomp_data& data) {
  for (const auto& rule : rules) {
    bool matches = true;
    for (const auto& [argument, mask, value, wide] : rule.tests) {
      matches = matches && (data.args[argument] & mask) == value;
    }
    if (matches) return return_of(rule.action);
  }
  return SECCOMP_RET_ERRNO | ENOSYS;
}

// The kernel's machine, as far as the filter uses it.
std::uint32_t filter_decides(const Bytes& filter, const seccomp_data& data) {
  const auto* code = reinterpret_cast<const sock_filter*>(filter.data());
  std::uint32_t accumulator = 0;
  for (std::size_t at = 0; at < filter.size() / sizeof(sock_filter); ++at) {
    const auto& [op, jump_true, jump_false, k] = code[at];
    switch (op) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&accumulator, reinterpret_cast<const char*>(&data) + k, sizeof accumulator);
        break;
      case BPF_ALU | BPF_AND | BPF_K: accumulator &= k; break;
      case BPF_JMP | BPF_JA: at += k; break;
      case BPF_JMP | BPF_JEQ | BPF_K: at += accumulator == k ? jump_true : jump_false; break;
      case BPF_JMP | BPF_JGE | BPF_K: at += accumulator >= k ? jump_true : jump_false; break;
      case BPF_RET | BPF_K: return k;
      default: ADD_FAILURE() << "an instruction that this machine lacks: " << op; return 0;
    }
  }
  ADD_FAILURE() << "ran off the end";
  return 0;
}

// Values that some rule asks for, and their neighbours, for each argument that a rule looks at.
std::vector<Arguments> interesting_arguments(const std::vector<TextRule>& rules) {
  std::vector<Arguments> out{{}, {bad, bad, bad, bad, bad, bad}};
  for (const auto& rule : rules) {
    Arguments exact{};
    for (const auto& test : rule.tests) exact[test[0]] = test[2];
    out.push_back(exact);
    for (const auto& test : rule.tests) {
      for (const std::uint64_t flip : {std::uint64_t{1}, std::uint64_t{0x800},
                                       std::uint64_t{1} << 17, std::uint64_t{1} << 28, high_bit}) {
        out.push_back(exact);
        out.back()[test[0]] ^= flip;
      }
    }
  }
  return out;
}

class EveryPolicy : public testing::TestWithParam<std::string_view> {};

// Goal: the text that is hashed and shown is the filter that runs. Method: two readings of the
// rules, the text's and the kernel's machine's, agree on every number and every argument of note.
TEST_P(EveryPolicy, TextAndFilterDecideAlike) {
  const auto filter = compiled(GetParam()).filter;
  const auto rules = rules_of_text(policy_text(GetParam()));
  for (int number = 0; number < 1024; ++number) {
    const std::unique_ptr<char, void (*)(void*)> name(
        ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number), &std::free);
    const auto found = name ? rules.find(name.get()) : rules.end();
    const auto listed = found == rules.end() ? std::vector<TextRule>() : found->second;
    for (const auto& arguments : interesting_arguments(listed)) {
      seccomp_data data{};
      data.nr = number;
      data.arch = ::seccomp_arch_native();
      std::memcpy(data.args, arguments.data(), sizeof data.args);
      ASSERT_EQ(filter_decides(filter, data), text_decides(listed, data))
          << "call " << number << " " << (name ? name.get() : "") << " arg0 " << arguments[0];
    }
  }
}

TEST_P(EveryPolicy, DecidesEveryCallThatLibseccompKnows) {
  const auto rules = rules_of_text(policy_text(GetParam()));
  for (int number = 0; number < 1024; ++number) {
    const std::unique_ptr<char, void (*)(void*)> name(
        ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number), &std::free);
    if (!name) continue;
    EXPECT_TRUE(rules.contains(name.get())) << name.get() << " is in no rule";
  }
}

TEST_P(EveryPolicy, EndsEveryCallInARuleWithoutATest) {
  for (const auto& [call, rules] : rules_of_text(policy_text(GetParam()))) {
    EXPECT_TRUE(rules.back().tests.empty()) << call;
    for (std::size_t i = 0; i + 1 < rules.size(); ++i) {
      EXPECT_FALSE(rules[i].tests.empty()) << call << ": a rule after this one is never reached";
    }
  }
}

TEST_P(EveryPolicy, HasAReasonForEachRule) {
  std::istringstream lines(policy_text(GetParam()));
  std::string line;
  for (int number = 0; std::getline(lines, line); ++number) {
    if (number < 5) continue;
    EXPECT_NE(line.find("  # "), std::string::npos) << line;
    EXPECT_FALSE(line.ends_with("  # ")) << line;
  }
}

// A profile can only take away: nothing that the default policy refuses is granted by a narrower
// one, and what it records stays recorded or is not made at all.
TEST_P(EveryPolicy, GrantsNothingThatTheDefaultPolicyDoesNot) {
  const auto own = rules_of_text(policy_text(GetParam()));
  const auto wide = rules_of_text(policy_text());
  for (const auto& [call, rules] : own) {
    for (const auto& arguments : interesting_arguments(wide.at(call))) {
      seccomp_data data{};
      std::memcpy(data.args, arguments.data(), sizeof data.args);
      const std::uint32_t decided = text_decides(rules, data);
      if (decided == SECCOMP_RET_ALLOW) {
        EXPECT_EQ(text_decides(wide.at(call), data), decided) << call << " " << arguments[0];
      }
    }
  }
}

#ifdef __x86_64__
// A changed rule changes the hash in every certificate: on purpose, or not at all. After a change
// on purpose, write policy_text() to the file: MAYFLY_WRITE_POLICIES=1 does.
TEST_P(EveryPolicy, TextIsPinned) {
  const std::string path = std::string(MAYFLY_SOURCE_DIR "/tests/executor/mech_seccomp_") +
                           std::string(GetParam()) + "_x86_64.txt";
  if (std::getenv("MAYFLY_WRITE_POLICIES") != nullptr) {
    ASSERT_TRUE(write_file(path, bytes_of(policy_text(GetParam()))));
  }
  const auto pinned = read_file(path, 1 << 20);
  ASSERT_TRUE(pinned) << pinned.error().message();
  EXPECT_EQ(policy_text(GetParam()), text_of(*pinned));
}
#endif

TEST_P(EveryPolicy, HashIsOverTheTextWithoutReasons) {
  std::istringstream lines(policy_text(GetParam()));
  std::string line, rules_only;
  while (std::getline(lines, line)) rules_only += line.substr(0, line.find("  # ")) + "\n";
  EXPECT_EQ(compiled(GetParam()).hash, crypto::sha256(bytes_of(rules_only)));
  EXPECT_EQ(compiled(GetParam()).name, GetParam());
}

INSTANTIATE_TEST_SUITE_P(ByName, EveryPolicy, testing::ValuesIn(policy_names()),
                         [](const auto& test) { return std::string(test.param); });

TEST(SeccompPolicy, AnUnknownNameIsRefusedWithTheKnownOnes) {
  const auto policy = compile_policy("pythn");
  ASSERT_FALSE(policy);
  EXPECT_EQ(policy.error().code(), ErrorCode::malformed);
  EXPECT_NE(policy.error().message().find("strict, python, node"), std::string::npos);
}

TEST(SeccompPolicy, ProfilesDifferInTheirHashes) {
  std::set<std::string> hashes;
  for (const std::string_view name : policy_names()) {
    EXPECT_TRUE(hashes.insert(crypto::to_text(compiled(name).hash)).second) << name;
  }
}

}  // namespace
}  // namespace mayfly::executor
