// What a job sees and may do. Asked from inside, compared with the machine outside.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <set>
#include <sstream>

#include "base/unique_fd.hpp"
#include "tests/executor/sandbox_run.hpp"
#include "tests/support/temp_dir.hpp"

namespace mayfly::executor::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::set<std::string> lines_of(const std::string& text) {
  std::set<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.insert(line);
  return lines;
}

TEST(Sandbox, RunsAProgramAndKeepsItsOutputApart) {
  const RunReport report = run(shell("echo out; echo err >&2; exit 7"));
  EXPECT_EQ(outcome_of(report), "exited 7");
  EXPECT_EQ(stdout_of(report), "out\n");
  EXPECT_EQ(stderr_of(report), "err\n");
  EXPECT_EQ(report.stdout_total, 4U);
  EXPECT_EQ(report.stderr_total, 4U);
}

TEST(Sandbox, RunsPython) {
  const RunReport report = run(python("import json; print(json.dumps({'answer': 6 * 7}))"));
  EXPECT_EQ(outcome_of(report), "exited 0") << stderr_of(report);
  EXPECT_EQ(stdout_of(report), "{\"answer\": 42}\n");
}

TEST(Sandbox, ReportsTheSignalThatEndedTheJob) {
  EXPECT_EQ(outcome_of(run(helper({"raise", "11"}))), "signalled 11");
}

TEST(Sandbox, PassesOutputOnWhileTheJobRuns) {
  std::string seen;
  Runner::Watch watch;
  watch.on_stdout = [&](ByteView bytes) { seen += text_of(bytes); };
  const RunReport report = run(shell("echo one; echo two"), nullptr, watch);
  EXPECT_EQ(seen, "one\ntwo\n");
  EXPECT_EQ(stdout_of(report), seen);
}

TEST(Sandbox, RootHoldsNothingElse) {
  const RunReport report = run(shell("ls -A /"));
  std::set<std::string> names = lines_of(stdout_of(report));
  for (const char* link : {"lib32", "lib64", "libx32"}) names.erase(link);
  EXPECT_EQ(names, (std::set<std::string>{"bin", "data", "dev", "etc", "lib", "mnt", "proc", "sbin",
                                          "tmp", "usr", "work"}));
  const RunReport empty = run(shell("ls -A /data /mnt /tmp /work"));
  EXPECT_EQ(stdout_of(empty), "/data:\n\n/mnt:\n\n/tmp:\n\n/work:\n");
}

TEST(Sandbox, HostPathsAreNotThere) {
  const mayfly::test::TempDir host;
  const auto secret = host.write("secret.txt", "for the host only");
  std::string script;
  for (const std::string path : {"/root", "/home", "/sys", "/boot", "/var", "/opt", "/run", "/srv",
                                 "/etc/shadow", MAYFLY_SOURCE_DIR, secret.c_str()}) {
    ASSERT_TRUE(path == "/etc/shadow" || std::filesystem::exists(path)) << path;
    script += "test -e " + path + " && echo " + path + "; ";
  }
  EXPECT_EQ(stdout_of(run(shell(script + "true"))), "");
}

TEST(Sandbox, SeesItsOwnProcessesOnly) {
  const RunReport report = run(shell("echo /proc/[0-9]*"));
  const auto job = std::to_string(report.executions.at(0).pid);
  EXPECT_EQ(stdout_of(report), "/proc/1 /proc/" + job + "\n");
}

TEST(Sandbox, NothingOfTheImageCanBeWritten) {
  const RunReport report = run(shell(
      "for f in /x /usr/x /usr/bin/x /etc/x /etc/passwd /bin/sh /dev/x /data/x /mnt/x /proc/x "
      "/proc/self/oom_score_adj /proc/self/uid_map /proc/sys/kernel/hostname; do "
      "  (echo x > $f) 2>/dev/null && echo wrote $f; done; "
      "mount -o remount,rw / 2>/dev/null && echo remounted; "
      "mkdir /usr/d 2>/dev/null && echo made; rm -f /bin/sh 2>/dev/null; test -x /bin/sh"));
  EXPECT_EQ(outcome_of(report), "exited 0");
  EXPECT_EQ(stdout_of(report), "");
}

TEST(Sandbox, WorkAndTmpCanBeWrittenAndExecuted) {
  const RunReport report =
      run(shell("set -e; pwd; for d in /work /tmp /dev/shm; do cp /bin/true $d/t; $d/t; done; "
                "mkdir a; mv /tmp/t a/; ln a/t b; ln -s b c; ./c; stat -c %a /tmp /work"));
  EXPECT_EQ(outcome_of(report), "exited 0") << stderr_of(report);
  EXPECT_EQ(stdout_of(report), "/work\n1777\n755\n");
}

TEST(Sandbox, HasNoCapabilityAndCanGainNone) {
  const RunReport report =
      run(shell("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status | tr -s '\\t ' ' '"));
  EXPECT_EQ(stdout_of(report),
            "CapInh: 0000000000000000\nCapPrm: 0000000000000000\nCapEff: 0000000000000000\n"
            "CapBnd: 0000000000000000\nCapAmb: 0000000000000000\nNoNewPrivs: 1\nSeccomp: 2\n");
}

TEST(Sandbox, IsAnUnprivilegedUserInsideAndOutside) {
  const RunReport report = run(shell("id; cat /proc/self/uid_map /proc/self/gid_map"));
  std::istringstream maps(stdout_of(report));
  std::string identity;
  std::getline(maps, identity);
  EXPECT_THAT(identity, StartsWith("uid=1000(sandbox) gid=1000(sandbox) groups=1000(sandbox)"));
  std::int64_t inside = 0;
  std::int64_t outside = 0;
  std::int64_t count = 0;
  int lines = 0;
  while (maps >> inside >> outside >> count) {
    ++lines;
    EXPECT_EQ(inside, 1000);
    EXPECT_EQ(count, 1);
    EXPECT_NE(outside, 0);
    if (is_root()) {
      EXPECT_GE(outside, 1'900'000'000);
    } else {
      EXPECT_EQ(outside, lines == 1 ? static_cast<std::int64_t>(::geteuid())
                                    : static_cast<std::int64_t>(::getegid()));
    }
  }
  EXPECT_EQ(lines, 2);
  const auto identity_of_jobs = job_identity();
  ASSERT_TRUE(identity_of_jobs);
  EXPECT_EQ(*identity_of_jobs == intake::JobIdentity::separate_user, is_root());
}

TEST(Sandbox, LivesInNamespacesOfItsOwn) {
  const RunReport report =
      run(shell("for n in user mnt pid net ipc uts cgroup; do readlink /proc/self/ns/$n; done"));
  const std::set<std::string> inside = lines_of(stdout_of(report));
  EXPECT_EQ(inside.size(), 7U);
  for (const char* name : {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"}) {
    const auto ours =
        std::filesystem::read_symlink(std::filesystem::path("/proc/self/ns") / name).string();
    EXPECT_FALSE(inside.contains(ours)) << ours;
  }
}

TEST(Sandbox, ReachesNoNetwork) {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener.borrow(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener.borrow(), 4), 0);
  ASSERT_EQ(::getsockname(listener.borrow(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string port = std::to_string(ntohs(address.sin_port));
  // The listener works: without the sandbox this connects.
  const UniqueFd direct(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(direct.borrow(), reinterpret_cast<sockaddr*>(&address), size), 0);

  const RunReport report =
      run(python("import errno, socket\n"
                 "for host in ('127.0.0.1', '10.0.0.1', '1.1.1.1'):\n"
                 "  s = socket.socket(); s.settimeout(2)\n"
                 "  print(errno.errorcode[s.connect_ex((host, " +
                 port +
                 "))])\n"
                 "print(sorted(name for _, name in socket.if_nameindex()))\n"));
  EXPECT_EQ(stdout_of(report), "ENETUNREACH\nENETUNREACH\nENETUNREACH\n['lo']\n")
      << stderr_of(report);
}

TEST(Sandbox, ReachesNoAbstractSocketOutside) {
  const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = "mayfly-sandbox-test-" + std::to_string(::getpid());
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  ASSERT_EQ(::bind(listener.borrow(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener.borrow(), 4), 0);
  const UniqueFd direct(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(direct.borrow(), reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(stdout_of(run(helper({"connect-abstract", name}))), "refused\n");
}

TEST(Sandbox, GetsExactlyTheEnvironmentGiven) {
  SandboxSpec spec = python("import os; print(sorted(os.environb.items()))");
  spec.environment = {"A=1", "B=", "C=x=y"};
  const RunReport report = run(spec);
  // Python adds LC_CTYPE itself when no locale is set (PEP 538).
  EXPECT_EQ(stdout_of(report),
            "[(b'A', b'1'), (b'B', b''), (b'C', b'x=y'), (b'LC_CTYPE', b'C.UTF-8')]\n");
}

TEST(Sandbox, StartsTheSameEveryTime) {
  const RunReport report =
      run(shell("hostname; umask; pwd; ls /proc/self/fd | tr '\\n' ' '; readlink /proc/self/fd/0; "
                "cat; ulimit -c; cat /proc/self/oom_score_adj; cat /proc/self/personality "
                "2>/dev/null; grep -E "
                "'^Sig(Blk|Ign)' /proc/self/status"));
  EXPECT_EQ(stdout_of(report),
            "sandbox\n0022\n/work\n0 1 2 3 /dev/null\n0\n1000\n00000000\n"
            "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST(Sandbox, StandardStreamsCanBeOpenedByName) {
  const RunReport report = run(shell("echo a > /dev/stdout; echo b > /dev/stderr"));
  EXPECT_EQ(stdout_of(report), "a\n");
  EXPECT_EQ(stderr_of(report), "b\n");
}

TEST(Sandbox, HasFiveDevices) {
  const RunReport report =
      run(shell("for f in /dev/*; do test ! -L $f && test -c $f -o -b $f && echo $f; done; true"));
  EXPECT_EQ(stdout_of(report), "/dev/full\n/dev/null\n/dev/random\n/dev/urandom\n/dev/zero\n");
}

TEST(Sandbox, FactsAboutTheHostAreCovered) {
  const RunReport report = run(
      shell("cd /proc; for f in keys key-users kallsyms locks interrupts cmdline diskstats iomem "
            "acpi bus driver fs irq tty; do test -d $f && ls $f || cat $f; done 2>&1; "
            "cat kcore kmsg sysrq-trigger 2>/dev/null | wc -c"));
  EXPECT_EQ(stdout_of(report), "0\n");
}

TEST(Sandbox, FirstProcessIsAsWeakAsTheJob) {
  const RunReport report = run(
      shell("grep -E '^(Cap...|NoNewPrivs|Seccomp|Uid):' /proc/1/status | tr -s '\\t ' ' '; "
            "ls /proc/1/fd | tr '\\n' ' '; readlink /proc/1/fd/* | sort -u; kill -9 1; kill -15 1; "
            "sleep 0.05; test -d /proc/1 && echo alive"));
  EXPECT_EQ(stdout_of(report),
            "Uid: 1000 1000 1000 1000\nCapInh: 0000000000000000\nCapPrm: 0000000000000000\n"
            "CapEff: 0000000000000000\nCapBnd: 0000000000000000\nCapAmb: 0000000000000000\n"
            "NoNewPrivs: 1\nSeccomp: 2\n0 1 2 /dev/null\nalive\n");
}

TEST(Sandbox, FirstProcessCannotBeTakenOver) {
  EXPECT_EQ(stdout_of(run(helper({"write-init-memory"}))), "refused\n");
  EXPECT_EQ(stdout_of(run(helper({"ptrace-init"}))), "refused\n");
}

TEST(Sandbox, ForeignSystemCallsEndTheJob) {
#if !defined(__x86_64__)
  GTEST_SKIP() << "the foreign ABI tried is i386's";
#endif
  EXPECT_EQ(outcome_of(run(helper({"call-32-bit"}))), "denied: system call 20");
}

TEST(Sandbox, PlacesScriptsExecutableAndUnchanged) {
  SandboxSpec spec = command({"./dir/deep/main.sh"});
  const std::string script = "#!/bin/sh\nstat -c '%a %Y %U' $0 dir; cat $0 | wc -c\n";
  spec.scripts.push_back({"dir/deep/main.sh", Bytes(script.begin(), script.end())});
  spec.scripts.push_back({"empty", {}});
  const RunReport report = run(spec);
  EXPECT_THAT(stdout_of(report), StartsWith("755 946684800 sandbox\n755 ")) << stderr_of(report);
  EXPECT_THAT(stdout_of(report), HasSubstr("\n" + std::to_string(script.size()) + "\n"));
}

TEST(Sandbox, SaysWhyAProgramDidNotStart) {
  EXPECT_THAT(outcome_of(run(command({"no-such-program"}))),
              StartsWith("not started: no-such-program: command not found"));
  EXPECT_EQ(outcome_of(run(command({"/work/missing"}))),
            "not started: /work/missing: not found in the sandbox");
  EXPECT_EQ(outcome_of(run(command({"/etc/passwd"}))), "not started: /etc/passwd: not executable");
  EXPECT_EQ(outcome_of(run(command({"/usr"}))), "not started: /usr: not executable");
  SandboxSpec spec = command({"./script"});
  spec.scripts.push_back({"script", {'n', 'o', 'p', 'e', '\n'}});
  EXPECT_THAT(outcome_of(run(spec)), StartsWith("not started: ./script: not a program"));
  const std::string lost = "#!/no/such/interpreter\n";
  spec.scripts.front().contents.assign(lost.begin(), lost.end());
  EXPECT_THAT(outcome_of(run(spec)), StartsWith("not started: ./script: the interpreter"));
}

TEST(Sandbox, RefusesSpecsThatCannotBeRun) {
  const auto code_of = [](const SandboxSpec& spec) {
    const auto report = runner().run(spec, nullptr, {});
    EXPECT_FALSE(report);
    return report ? ErrorCode::internal : report.error().code();
  };
  EXPECT_EQ(code_of(command({})), ErrorCode::malformed);
  SandboxSpec spec = shell("true");
  spec.scripts.push_back({"../outside", {}});
  EXPECT_EQ(code_of(spec), ErrorCode::malformed);
  spec = shell("true");
  spec.tools = {"no-such-tool"};
  EXPECT_EQ(code_of(spec), ErrorCode::malformed);
  spec = shell("true");
  spec.scripts.push_back({"a", {}});
  spec.scripts.push_back({"a/b", {}});  // a file and a directory of one name
  EXPECT_EQ(code_of(spec), ErrorCode::malformed);
  spec = shell("true");
  spec.limits.memory_bytes = 1;
  EXPECT_EQ(code_of(spec), ErrorCode::limit);
}

TEST(Sandbox, SaysWhatWasInForce) {
  const RunReport report = run(shell("true"));
  for (const char* mechanism :
       {"namespaces", "user", "root", "proc", "work", "capabilities", "no_new_privs", "seccomp",
        "cgroup", "rlimits", "network", "exec_recorder", "file_recorder"}) {
    EXPECT_TRUE(report.confinement.contains(mechanism)) << mechanism;
  }
  EXPECT_EQ(report.coverage.at("executions"), "complete");
  EXPECT_EQ(report.coverage.at("files"), "complete");
  EXPECT_EQ(report.coverage.at("network"), "blocked");
  const auto policy = policy_in_use(shell("true"));
  ASSERT_TRUE(policy);
  EXPECT_EQ(report.policy_name, policy->name);
  EXPECT_EQ(report.policy_hash, policy->hash);
}

TEST(Sandbox, NamesTheRunnerItLacks) {
  const auto missing = Runner::open("/nonexistent/mayfly-runner");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::unavailable);
  const auto not_a_program = Runner::open("/etc/passwd");
  ASSERT_FALSE(not_a_program);
  EXPECT_EQ(not_a_program.error().code(), ErrorCode::unavailable);
  // Some program that is not a runner: it says nothing, and that is our error, not a report.
  const auto other = Runner::open("/bin/true");
  ASSERT_TRUE(other);
  const auto report = other->run(shell("true"), nullptr, {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), ErrorCode::internal);
}

}  // namespace
}  // namespace mayfly::executor::test
