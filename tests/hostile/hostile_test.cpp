// Every attack twice: in the sandbox, where it must fail, and in a cage that lacks the protection,
// where it must get further: a test that cannot fail proves nothing.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>

#include "base/file_io.hpp"
#include "executor/sandbox.hpp"
#include "tests/hostile/attacks/attack.hpp"
#include "tests/hostile/cage.hpp"

namespace mayfly::hostile {
namespace {

using executor::Exited;
using executor::LimitHit;
using executor::LimitKind;
using executor::RunReport;
using executor::SandboxSpec;

constexpr const char* attack_program = MAYFLY_BIN_DIR "/hostile_attack";
constexpr const char* secret_variable = "MAYFLY_HOSTILE_SECRET";
constexpr std::int64_t mib = std::int64_t{1024} * 1024;

std::string describe(const executor::Outcome& outcome) {
  struct {
    std::string operator()(const Exited& o) { return "exited " + std::to_string(o.code); }
    std::string operator()(const executor::Signalled& o) {
      return "signal " + std::to_string(o.signal);
    }
    std::string operator()(const executor::TimedOut&) { return "timed out"; }
    std::string operator()(const LimitHit& o) {
      return "limit " + std::to_string(static_cast<int>(o.kind));
    }
    std::string operator()(const executor::Denied& o) { return "denied: " + o.what; }
    std::string operator()(const executor::NotStarted& o) { return "not started: " + o.why; }
  } visitor;
  return std::visit(visitor, outcome);
}

int exit_code_of(const RunReport& report) {
  const auto* exited = std::get_if<Exited>(&report.outcome);
  return exited != nullptr ? exited->code : -1;
}

bool is_limit(const RunReport& report, LimitKind kind) {
  const auto* limit = std::get_if<LimitHit>(&report.outcome);
  return limit != nullptr && limit->kind == kind;
}

std::string shown(const RunReport& report) {
  return describe(report.outcome) + "\nstdout: " + std::string(text_of(report.stdout_bytes)) +
         "\nstderr: " + std::string(text_of(report.stderr_bytes));
}

SandboxSpec spec_of(const std::string& attack, const std::string& argument) {
  SandboxSpec spec;
  spec.argv = {"/work/attack", attack};
  if (!argument.empty()) spec.argv.push_back(argument);
  const auto program = read_file(attack_program, std::size_t{64} << 20);
  if (!program) throw std::runtime_error(program.error().message());
  spec.scripts = {{"attack", *program}};
  spec.limits.wall_ms = 20'000;
  spec.limits.memory_bytes = 256 * mib;
  return spec;
}

class Hostile : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv(secret_variable, "canary", 1);
    if (!run_in_cage(attack_program, {"attack", "none"}, {})) {
      GTEST_SKIP() << "needs user namespaces, to confine the controls: see mayfly doctor";
    }
  }

  RunReport run(const SandboxSpec& spec, const intake::Dataset* dataset = nullptr) {
    auto runner = executor::Runner::open(MAYFLY_BIN_DIR "/mayfly-runner");
    if (!runner) throw std::runtime_error(runner.error().message());
    auto report = runner->run(spec, dataset, {});
    if (!report) throw std::runtime_error(report.error().message());
    EXPECT_EQ(report->teardown.processes_left, 0);
    EXPECT_EQ(report->teardown.mounts_left, 0);
    EXPECT_EQ(report->teardown.cgroups_left, 0);
    return std::move(*report);
  }

  void expect_blocked(const std::string& attack, const std::string& argument = "",
                      const intake::Dataset* dataset = nullptr) {
    const auto report = run(spec_of(attack, argument), dataset);
    EXPECT_EQ(exit_code_of(report), static_cast<int>(Verdict::blocked)) << shown(report);
  }

  // The same program where the protection is missing.
  CageResult expect_achieved_in_cage(const std::string& attack, const std::string& argument,
                                     const Holes& holes) {
    std::vector<std::string> argv{"attack", attack};
    if (!argument.empty()) argv.push_back(argument);
    auto result = run_in_cage(attack_program, argv, holes);
    EXPECT_TRUE(result);
    if (!result) return {};
    if (result->exit_code == static_cast<int>(Verdict::impossible)) {
      std::cout << "[ CONTROL  ] " << attack << ": impossible here\n" << result->output;
      return *result;
    }
    EXPECT_EQ(result->exit_code, static_cast<int>(Verdict::achieved))
        << "the control does not get further, so this test cannot fail\n"
        << result->output;
    return *result;
  }
};

// --- calls that the seccomp policy refuses; the cage has no policy ---

// Where an administrator has switched a call off for everybody but root, the cage shows nothing;
// the policy's own tests make the same call as root.
bool is_off_for_everybody(std::string_view attack) {
  const auto above = [](const char* setting, int bound) {
    const auto text = read_file(setting, 64);
    return text && std::atoi(std::string(text_of(*text)).c_str()) > bound;
  };
  return (attack == "bpf" && above("/proc/sys/kernel/unprivileged_bpf_disabled", 0)) ||
         (attack == "perf" && above("/proc/sys/kernel/perf_event_paranoid", 2));
}

class HostileCall : public Hostile, public testing::WithParamInterface<const char*> {};

TEST_P(HostileCall, IsRefusedByThePolicyAlone) {
  expect_blocked(GetParam());
  if (is_off_for_everybody(GetParam())) {
    std::cout << "[ CONTROL  ] " << GetParam() << ": left out, a sysctl forbids it here anyway\n";
    return;
  }
  expect_achieved_in_cage(GetParam(), "", {});
}

INSTANTIATE_TEST_SUITE_P(ByName, HostileCall,
                         testing::Values("ptrace", "process_vm_readv", "process_vm_writev",
                                         "pidfd_getfd", "io_uring", "userns", "clone3_flags",
                                         "clone_untraced", "mount", "remount", "fsopen", "chroot",
                                         "setns", "bpf", "perf", "keyring", "userfaultfd",
                                         "raw_socket", "packet_socket", "netlink_socket", "vsock",
                                         "tiocsti", "open_by_handle", "seccomp_listener",
                                         "personality", "x32", "i386", "mknod", "clock", "reboot",
                                         "real_time", "overlay", "fuse", "memfd_secret"),
                         [](const auto& test) { return std::string(test.param); });

// --- files ---

TEST_F(Hostile, TheImageIsReadOnly) {
  expect_blocked("write_image");
  expect_achieved_in_cage("write_image", "", {});
}

TEST_F(Hostile, AProgramOfTheImageCannotBeChanged) {
  expect_blocked("change_program");
  expect_achieved_in_cage("change_program", "", {});
}

TEST_F(Hostile, FilesOfTheHostAreAbsent) {
  const std::string path = "/tmp/mayfly-hostile-canary-" + std::to_string(::getpid());
  ASSERT_TRUE(write_file(path, bytes_of("canary")));
  ::chmod(path.c_str(), 0644);
  expect_blocked("host_file", path);
  Holes holes;
  holes.host_file = path;
  expect_achieved_in_cage("host_file", path, holes);
  ::unlink(path.c_str());
  for (const char* host_path : {"/root", "/home", "/var", "/sys", "/etc/shadow", "/boot"}) {
    expect_blocked("host_file", host_path);
  }
}

TEST_F(Hostile, ProcFilesAboutTheHostAreCovered) {
  expect_blocked("proc_masked");
  expect_achieved_in_cage("proc_masked", "", {});
}

TEST_F(Hostile, SystemSettingsCannotBeOpenedForWriting) {
  expect_blocked("proc_settings");
  expect_achieved_in_cage("proc_settings", "", {});
}

TEST_F(Hostile, TheCgroupTreeIsOutOfReach) {
  expect_blocked("cgroup_tree");
  Holes holes;
  holes.sys = Shared::yes;
  expect_achieved_in_cage("cgroup_tree", "", holes);
}

TEST_F(Hostile, SetIdBitsAreForgotten) {
  expect_blocked("setuid");
  expect_blocked("lax_mount");
  if (::geteuid() == 0) expect_achieved_in_cage("setuid", "", {});  // needs two user ids
  expect_achieved_in_cage("lax_mount", "", {});
}

// The kernel's own protection, so there is no place without it: the control writes what may be
// written, and shows that writing would be noticed.
TEST_F(Hostile, ARunningProgramCannotBeWritten) {
  expect_blocked("own_program");
  const auto control = run(spec_of("own_program", "copy"));
  EXPECT_EQ(exit_code_of(control), static_cast<int>(Verdict::achieved)) << shown(control);
}

TEST_F(Hostile, AFileOpenForReadingIsNotWrittenThroughAPipe) {
  expect_blocked("dirty_pipe");
  const auto control = run(spec_of("dirty_pipe", "write"));
  EXPECT_EQ(exit_code_of(control), static_cast<int>(Verdict::achieved)) << shown(control);
}

TEST_F(Hostile, NothingOfOneRunIsLeftInTheMemoryOfTheNext) {
  const std::string name = "mayfly-hostile-" + std::to_string(::getpid());
  const auto first = run(spec_of("shm_residue", "leave:" + name));
  EXPECT_EQ(exit_code_of(first), static_cast<int>(Verdict::achieved)) << shown(first);
  expect_blocked("shm_residue", name);
  const std::string path = "/dev/shm/" + name;
  ASSERT_TRUE(write_file(path, bytes_of("left by a run without a sandbox")));
  ::chmod(path.c_str(), 0644);
  Holes holes;
  holes.host_file = path;
  expect_blocked("shm_residue", name);
  expect_achieved_in_cage("shm_residue", name, holes);
  ::unlink(path.c_str());
}

TEST_F(Hostile, AProcessIsNotWrittenThroughProc) {
  expect_blocked("proc_mem");
  expect_achieved_in_cage("proc_mem", "", {});
}

TEST_F(Hostile, TheDatasetCannotBeWrittenOrReplaced) {
  const auto identity = executor::job_identity();
  ASSERT_TRUE(identity) << identity.error().message();
  auto intake = intake::FileIntake::begin("dataset.csv", {}, *identity);
  ASSERT_TRUE(intake) << intake.error().message();
  const std::string text(8192, 'd');
  ASSERT_TRUE(intake->append(bytes_of(text)));
  auto file = std::move(*intake).seal();
  ASSERT_TRUE(file) << file.error().message();
  const auto dataset = intake::Dataset::of_file(std::move(*file));
  for (const char* attack : {"write_dataset", "replace_dataset"}) {
    expect_blocked(attack, "", &dataset);
    EXPECT_EQ(text_of(dataset.files()[0].view()), text);
    expect_achieved_in_cage(attack, "", {});
  }
  if (*identity == intake::JobIdentity::same_user) {
    std::cout << "[ WEAKER   ] an ordinary user's job owns its dataset: the mode can be changed\n";
    return;
  }
  expect_blocked("chmod_dataset", "", &dataset);
  expect_achieved_in_cage("chmod_dataset", "", {});
}

// --- processes ---

// Not a job's business: a process of the same test, whose pid a job could guess.
class Bystander {
 public:
  Bystander() : pid_(::fork()) {
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) ::pause();
  }
  ~Bystander() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  bool lives() const { return ::waitpid(pid_, nullptr, WNOHANG) == 0; }

 private:
  pid_t pid_;
};

TEST_F(Hostile, NobodyElseCanBeSignalled) {
  const Bystander bystander;
  expect_blocked("signal_strangers");
  EXPECT_TRUE(bystander.lives());
  expect_achieved_in_cage("signal_strangers", "", {});
}

TEST_F(Hostile, TheFirstProcessOutlivesSignals) {
  expect_blocked("kill_init");
}

// It shares the job's user, so the kernel lets the job write its memory; nothing comes of it but
// the end of the sandbox, which is reported as such.
TEST_F(Hostile, OverwritingTheFirstProcessEndsOnlyTheSandbox) {
  const Bystander bystander;
  const auto report = run(spec_of("overwrite_init", ""));
  EXPECT_TRUE(bystander.lives());
  ASSERT_FALSE(report.executions.empty());
  EXPECT_EQ(report.executions[0].path, "/work/attack");
}

bool process_lives(const std::string& name) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    std::ifstream comm(entry.path() / "comm");
    std::string text;
    if (std::getline(comm, text) && text == name) return true;
  }
  return false;
}

TEST_F(Hostile, AnOrphanDoesNotOutliveTheJob) {
  const std::string name = "orphan" + std::to_string(::getpid());
  const auto report = run(spec_of("orphan", name));
  EXPECT_EQ(exit_code_of(report), static_cast<int>(Verdict::achieved)) << shown(report);
  EXPECT_FALSE(process_lives(name));
  Holes holes;
  holes.orphan_name = name;
  expect_achieved_in_cage("orphan", name, holes);  // there it outlives the attack
  EXPECT_FALSE(process_lives(name)) << "the cage leaks";
}

TEST_F(Hostile, ZombiesCountAsProcessesAndAreGoneAfterwards) {
  auto spec = spec_of("zombies", "200");
  spec.limits.pids = 32;
  const auto report = run(spec);
  EXPECT_TRUE(exit_code_of(report) == static_cast<int>(Verdict::blocked) ||
              is_limit(report, LimitKind::pids))
      << shown(report);
  expect_achieved_in_cage("zombies", "200", {});
}

TEST_F(Hostile, OnlyTheThreeStandardDescriptorsAreInherited) {
  const int leaked = ::open("/dev/null", O_RDONLY);  // NOLINT: without O_CLOEXEC on purpose
  expect_blocked("descriptors");
  Holes holes;
  holes.descriptor = Shared::yes;
  expect_achieved_in_cage("descriptors", "", holes);
  ::close(leaked);
}

TEST_F(Hostile, ACrashLeavesNoCoreFile) {
  expect_blocked("core_dump");
  const auto pattern = read_file("/proc/sys/kernel/core_pattern", 4096);
  if (pattern && text_of(*pattern).starts_with('|')) {
    std::cout << "[ CONTROL  ] left out: core files of this machine go to a program of the host\n";
    return;
  }
  expect_achieved_in_cage("core_dump", "", {});
}

// Code without a name is the job's own; what counts is that the record has it, by its bytes.
TEST_F(Hostile, ExecutionsWithoutAFileAreInTheRecord) {
  const auto program = read_file(attack_program, std::size_t{64} << 20);
  ASSERT_TRUE(program);
  const auto digest = crypto::sha256(*program);
  for (const char* attack : {"exec_memory", "exec_deleted"}) {
    const auto report = run(spec_of(attack, ""));
    EXPECT_EQ(exit_code_of(report), static_cast<int>(Verdict::achieved)) << shown(report);
    ASSERT_EQ(report.executions.size(), 2U) << attack;
    EXPECT_EQ(report.executions[1].digest, digest) << attack;
    EXPECT_NE(report.executions[1].path, report.executions[0].path) << attack;
  }
}

TEST_F(Hostile, AScriptWithoutAFileIsInTheRecord) {
  const auto report = run(spec_of("exec_script", ""));
  EXPECT_EQ(exit_code_of(report), static_cast<int>(Verdict::achieved)) << shown(report);
  ASSERT_EQ(report.executions.size(), 2U);
  EXPECT_EQ(report.executions[1].path, "/work/attack");
  ASSERT_EQ(report.executions[1].argv.size(), 3U);
  EXPECT_TRUE(report.executions[1].argv[2].starts_with("/dev/fd/"));
  const auto read_from_memory = [](const executor::FileEvent& event) {
    return event.call == executor::FileCall::read && event.error == 0 &&
           event.path.starts_with("/memfd:script");
  };
  EXPECT_TRUE(std::ranges::any_of(report.files.events, read_from_memory));
}

// --- bombs; the cage's limits are wide ---

TEST_F(Hostile, ForkAndThreadBombsStopAtThePidsLimit) {
  for (const char* attack : {"fork_bomb", "thread_bomb"}) {
    auto spec = spec_of(attack, "300");
    spec.limits.pids = 40;
    const auto report = run(spec);
    EXPECT_TRUE(exit_code_of(report) == static_cast<int>(Verdict::blocked) ||
                is_limit(report, LimitKind::pids))
        << shown(report);
    expect_achieved_in_cage(attack, "300", {});
  }
}

TEST_F(Hostile, MemoryBombsStopAtTheMemoryLimit) {
  for (const char* attack : {"memory_bomb", "shared_memory_bomb"}) {
    auto spec = spec_of(attack, std::to_string(128 * mib));
    spec.limits.memory_bytes = 64 * mib;
    const auto report = run(spec);
    // Without a control group the kernel refuses memory (RLIMIT_DATA), or we see it and kill.
    const bool group = report.confinement.at("cgroup_memory") != "not enforced";
    EXPECT_TRUE(is_limit(report, LimitKind::memory) ||
                (!group && exit_code_of(report) == static_cast<int>(Verdict::blocked)))
        << attack << " " << shown(report);
    EXPECT_LT(report.usage.peak_memory_bytes, (group ? 66 : 128) * mib);
    expect_achieved_in_cage(attack, std::to_string(128 * mib), {});
  }
}

TEST_F(Hostile, DiskBombsStopAtTheDiskLimit) {
  for (const char* attack : {"disk_bomb", "sparse_bomb"}) {
    auto spec = spec_of(attack, std::to_string(64 * mib));
    spec.limits.disk_bytes = 16 * mib;
    const auto report = run(spec);
    EXPECT_TRUE(exit_code_of(report) == static_cast<int>(Verdict::blocked) ||
                is_limit(report, LimitKind::disk))
        << attack << " " << shown(report);
    expect_achieved_in_cage(attack, std::to_string(64 * mib), {});
  }
}

TEST_F(Hostile, AnInodeBombStopsAtTheInodeLimit) {
  auto spec = spec_of("inode_bomb", "5000");
  spec.limits.disk_inodes = 1000;
  const auto report = run(spec);
  EXPECT_TRUE(exit_code_of(report) == static_cast<int>(Verdict::blocked) ||
              is_limit(report, LimitKind::disk))
      << shown(report);
  expect_achieved_in_cage("inode_bomb", "5000", {});
}

TEST_F(Hostile, ADescriptorBombStopsAtTheLimitOfOpenFiles) {
  auto spec = spec_of("descriptor_bomb", "500");
  spec.limits.open_files = 100;
  const auto report = run(spec);
  EXPECT_EQ(exit_code_of(report), static_cast<int>(Verdict::blocked)) << shown(report);
  expect_achieved_in_cage("descriptor_bomb", "500", {});
}

TEST_F(Hostile, NoMemoryIsLocked) {
  expect_blocked("mlock", "32768");
  expect_achieved_in_cage("mlock", "32768", {});
}

TEST_F(Hostile, OutputIsCutAndCountedAndIsNoReasonToKill) {
  auto spec = spec_of("output_bomb", std::to_string(32 * mib));
  spec.limits.output_bytes = mib;
  const auto report = run(spec);
  EXPECT_EQ(exit_code_of(report), static_cast<int>(Verdict::achieved)) << describe(report.outcome);
  EXPECT_EQ(report.stdout_bytes.size(), static_cast<std::size_t>(mib));
  EXPECT_EQ(report.stdout_total, static_cast<std::uint64_t>(32 * mib));
  const auto control = expect_achieved_in_cage("output_bomb", std::to_string(32 * mib), {});
  EXPECT_EQ(control.output_bytes, static_cast<std::size_t>(32 * mib));
}

TEST_F(Hostile, CpuTimeIsBoundedOverAllProcesses) {
  for (const char* attack : {"cpu", "cpu_in_turns"}) {
    auto spec = spec_of(attack, "2000");
    spec.limits.cpu_ms = 300;
    const auto report = run(spec);
    EXPECT_TRUE(is_limit(report, LimitKind::cpu)) << attack << " " << shown(report);
    EXPECT_LT(report.usage.cpu_ms, 2000);
    expect_achieved_in_cage(attack, "700", {});
  }
}

TEST_F(Hostile, SleepingPastTheWallIsATimeout) {
  auto spec = spec_of("sleep", "15000");
  spec.limits.wall_ms = 300;
  const auto report = run(spec);
  EXPECT_TRUE(std::holds_alternative<executor::TimedOut>(report.outcome)) << shown(report);
  EXPECT_LT(report.usage.wall_ms, 10'000);
  expect_achieved_in_cage("sleep", "400", {});
}

// --- ways out ---

TEST_F(Hostile, AnAbstractSocketOfTheHostIsOutOfReach) {
  const std::string name = "mayfly-hostile-" + std::to_string(::getpid());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  ASSERT_EQ(::bind(listener.borrow(), reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(::listen(listener.borrow(), 4), 0);
  expect_blocked("abstract_socket", name);
  Holes holes;
  holes.network = Shared::yes;
  expect_achieved_in_cage("abstract_socket", name, holes);
}

TEST_F(Hostile, TheLoopbackOfTheHostIsOutOfReach) {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ASSERT_EQ(::bind(listener.borrow(), reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(::listen(listener.borrow(), 4), 0);
  ASSERT_EQ(::getsockname(listener.borrow(), reinterpret_cast<sockaddr*>(&address), &length), 0);
  const std::string port = std::to_string(ntohs(address.sin_port));
  expect_blocked("loopback", port);
  Holes holes;
  holes.network = Shared::yes;
  expect_achieved_in_cage("loopback", port, holes);
}

TEST_F(Hostile, NothingIsSentToAnAddressOfTheHost) {
  const UniqueFd receiver(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ASSERT_EQ(::bind(receiver.borrow(), reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(::getsockname(receiver.borrow(), reinterpret_cast<sockaddr*>(&address), &length), 0);
  const std::string port = std::to_string(ntohs(address.sin_port));
  char byte = 0;
  expect_blocked("datagram", port);
  EXPECT_LT(::recv(receiver.borrow(), &byte, 1, 0), 0);
  Holes holes;
  holes.network = Shared::yes;
  expect_achieved_in_cage("datagram", port, holes);
  EXPECT_EQ(::recv(receiver.borrow(), &byte, 1, 0), 1);
}

TEST_F(Hostile, SystemVMemoryOfTheHostIsOutOfReach) {
  const auto key = static_cast<key_t>(0x6d660000 + ::getpid() % 65536);
  const int id = ::shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0666);
  ASSERT_GE(id, 0);
  expect_blocked("system_v", std::to_string(key));
  Holes holes;
  holes.ipc = Shared::yes;
  expect_achieved_in_cage("system_v", std::to_string(key), holes);
  ::shmctl(id, IPC_RMID, nullptr);
}

TEST_F(Hostile, TheEnvironmentIsNotInherited) {
  expect_blocked("environment", secret_variable);
  Holes holes;
  holes.environment = Shared::yes;
  expect_achieved_in_cage("environment", secret_variable, holes);
}

}  // namespace
}  // namespace mayfly::hostile
