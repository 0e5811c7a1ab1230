// The record of program executions, compared with what the job is known to have done.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/file_io.hpp"
#include "executor/exec_recorder.hpp"
#include "tests/executor/sandbox_run.hpp"

namespace mayfly::executor::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

crypto::Sha256 digest_of_file(const std::filesystem::path& path) {
  const auto bytes = read_file(path, std::size_t{256} * 1024 * 1024);
  EXPECT_TRUE(bytes) << path;
  return bytes ? crypto::sha256(*bytes) : crypto::Sha256{};
}

TEST(ExecRecorder, RecordsEveryExecutionOfAScript) {
  SandboxSpec spec = shell("i=0; while [ $i -lt 50 ]; do /bin/expr $i + 1 > n; read i < n; done");
  const RunReport report = run(spec);
  EXPECT_EQ(outcome_of(report), "exited 0");
  ASSERT_EQ(report.executions.size(), 51U);
  const auto shell_path = std::filesystem::canonical("/bin/sh");
  EXPECT_EQ(report.executions.front().path, shell_path);
  EXPECT_EQ(report.executions.front().digest, digest_of_file(shell_path));
  EXPECT_EQ(report.executions.front().argv, spec.argv);
  const auto expr = std::filesystem::canonical("/bin/expr");
  const auto digest = digest_of_file(expr);
  for (int i = 0; i < 50; ++i) {
    const ExecEvent& event = report.executions[static_cast<std::size_t>(i) + 1];
    EXPECT_EQ(event.path, expr);
    EXPECT_EQ(event.digest, digest);
    EXPECT_EQ(event.size_bytes, std::filesystem::file_size(expr));
    EXPECT_THAT(event.argv, ElementsAre("/bin/expr", std::to_string(i), "+", "1"));
    EXPECT_EQ(event.exit_code, 0);
    EXPECT_FALSE(event.replaced);
    EXPECT_EQ(event.parent, report.executions.front().pid);
    EXPECT_EQ(event.pid, report.executions[1].pid + i);
  }
}

TEST(ExecRecorder, RecordsTimesInOrder) {
  const RunReport report = run(shell("true; /bin/true; sleep 0.05; /bin/true"));
  std::int64_t last = 0;
  for (const ExecEvent& event : report.executions) {
    EXPECT_GE(event.at_us, last);
    last = event.at_us;
  }
  EXPECT_GE(last, 50'000);
}

TEST(ExecRecorder, RecordsExitCodesAndSignals) {
  const RunReport report = run(shell("./job exit 3; ./job raise 11; ./job exit 255; exit 9"));
  ASSERT_EQ(report.executions.size(), 1U) << "without the helper nothing else is executed";
  SandboxSpec spec = helper({});
  spec.argv = {"sh", "-c", "./job exit 3; ./job raise 11; ./job exit 255; exit 9"};
  const RunReport with_helper = run(spec);
  ASSERT_EQ(with_helper.executions.size(), 4U);
  EXPECT_EQ(with_helper.executions[0].exit_code, 9);
  EXPECT_EQ(with_helper.executions[1].exit_code, 3);
  EXPECT_EQ(with_helper.executions[2].exit_code, -11);
  EXPECT_EQ(with_helper.executions[3].exit_code, 255);
}

TEST(ExecRecorder, HashesWhatTheJobBroughtAlong) {
  const RunReport report = run(helper({"exit", "0"}));
  ASSERT_EQ(report.executions.size(), 1U);
  EXPECT_EQ(report.executions[0].path, "/work/job");
  EXPECT_EQ(report.executions[0].digest, crypto::sha256(helper_program()));
}

// One path, two contents: each execution has the digest of what ran, not of what is there now.
TEST(ExecRecorder, HashesWhatRanNotWhatIsThere) {
  const RunReport report =
      run(shell("cp /bin/true p; ./p; cp /bin/echo q; mv q p; ./p; cat /bin/true > r; chmod +x r; "
                "./r; cat /bin/echo > r; ./r; rm p r"));
  const auto true_digest = digest_of_file("/bin/true");
  const auto echo_digest = digest_of_file("/bin/echo");
  std::vector<crypto::Sha256> seen;
  for (const ExecEvent& event : report.executions) {
    if (event.path.starts_with("/work/")) seen.push_back(event.digest);
  }
  EXPECT_THAT(seen, ElementsAre(true_digest, echo_digest, true_digest, echo_digest));
}

TEST(ExecRecorder, FollowsReplacedPrograms) {
  const RunReport report = run(helper({"exec-chain", "5"}));
  EXPECT_EQ(outcome_of(report), "exited 4");
  ASSERT_EQ(report.executions.size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(report.executions[i].replaced, i < 5) << i;
    EXPECT_EQ(report.executions[i].pid, report.executions.front().pid);
  }
  EXPECT_EQ(report.executions[5].exit_code, 4);
}

TEST(ExecRecorder, RecordsAttemptsThatFail) {
  SandboxSpec spec = python(R"(
import os
def attempt(f, *a):
  try: f(*a)
  except OSError: pass
attempt(os.execv, '/no/such', ['x']); attempt(os.execv, '/etc/passwd', ['x'])
attempt(os.execv, './broken', ['x']); attempt(os.execvp, 'nowhere', ['x'])
attempt(os.execve, os.open('/etc', os.O_RDONLY), ['x'], {})
if os.fork() == 0: os.execv('/bin/true', ['true'])
os.wait()
)");
  const std::string_view text = "#!/no/interpreter\n";
  spec.scripts.push_back({"broken", Bytes(bytes_of(text).begin(), bytes_of(text).end())});
  const RunReport report = run(spec);
  EXPECT_EQ(outcome_of(report), "exited 0") << stderr_of(report);
  std::vector<std::string> attempts;
  std::int64_t last = 0;
  for (const FileEvent& event : report.files.events) {
    EXPECT_GE(event.at_us, last) << "events are in the order of their times";
    last = event.at_us;
    if (event.call != FileCall::execute) continue;
    attempts.push_back(event.path + " " + std::to_string(event.error));
    EXPECT_EQ(event.pid, report.executions.front().pid);
  }
  const auto failed = [](const char* path, int error) {
    return std::string(path) + " " + std::to_string(error);
  };
  ASSERT_GE(attempts.size(), 4U);
  EXPECT_EQ(attempts[0], failed("/no/such", ENOENT));
  EXPECT_EQ(attempts[1], failed("/etc/passwd", EACCES));
  EXPECT_EQ(attempts[2], failed("./broken", ENOENT));
  EXPECT_EQ(attempts[3], failed("/usr/local/bin/nowhere", ENOENT));
  EXPECT_TRUE(attempts.back().starts_with("descriptor ")) << attempts.back();
  EXPECT_EQ(report.executions.size(), 2U) << "python, and true";
}

// Goal: what is recorded is what ran, whatever the path says when it is looked at. Method: a thread
// flips the path of a program between two copies of it, each of which knows which one it is.
TEST(ExecRecorder, APathThatChangesIsRecordedAsWhatRan) {
  const char* const factor = std::getenv("MAYFLY_RACE_FACTOR");
  const int times = factor == nullptr ? 300 : 1000 * std::atoi(factor);
  SandboxSpec spec = helper({"race-exec", std::to_string(times)});
  spec.limits.wall_ms = spec.limits.cpu_ms = 1'800'000;
  const RunReport report = run(spec);
  ASSERT_EQ(outcome_of(report), "exited 0") << stderr_of(report);
  std::map<std::string, int> recorded;
  for (const ExecEvent& event : report.executions) {
    if (event.path == "/work/job") continue;
    ++recorded[event.path];
    EXPECT_EQ(event.exit_code, event.path == "/work/aaaa" ? 1 : 2) << event.path;
  }
  EXPECT_EQ(stdout_of(report), std::to_string(recorded["/work/aaaa"]) + " " +
                                   std::to_string(recorded["/work/bbbb"]) + "\n");
  EXPECT_EQ(recorded["/work/aaaa"] + recorded["/work/bbbb"], times);
  EXPECT_GT(recorded["/work/aaaa"], 0);
  EXPECT_GT(recorded["/work/bbbb"], 0) << "the race never happened: this test cannot fail";
}

TEST(ExecRecorder, SeesExecFromAThread) {
  const RunReport report = run(helper({"exec-from-thread"}));
  EXPECT_EQ(outcome_of(report), "exited 6");
  ASSERT_EQ(report.executions.size(), 2U);
  EXPECT_TRUE(report.executions[0].replaced);
  EXPECT_EQ(report.executions[1].exit_code, 6);
}

TEST(ExecRecorder, MissesNothingInAStormOfThreads) {
  const RunReport report = run(helper({"exec-storm", "8", "40"}));
  EXPECT_EQ(outcome_of(report), "exited 0") << "a job saw a wrong exit status";
  ASSERT_EQ(report.executions.size(), 1U + 8U * 40U);
  std::map<std::int32_t, int> pids;
  for (const ExecEvent& event : report.executions) ++pids[event.pid];
  EXPECT_EQ(pids.size(), report.executions.size()) << "each is a process of its own";
  for (std::size_t i = 1; i < report.executions.size(); ++i) {
    EXPECT_EQ(report.executions[i].exit_code, 5);
    EXPECT_EQ(report.executions[i].parent, report.executions.front().pid);
  }
  EXPECT_EQ(report.usage.processes, 1 + 8 * 40);
}

TEST(ExecRecorder, SeesPythonsSubprocesses) {
  const RunReport report =
      run(python("import subprocess, concurrent.futures as c\n"
                 "with c.ThreadPoolExecutor(4) as pool:\n"
                 "  list(pool.map(lambda i: subprocess.run(['/bin/true']), range(40)))\n"));
  EXPECT_EQ(outcome_of(report), "exited 0") << stderr_of(report);
  EXPECT_EQ(report.executions.size(), 41U);
}

TEST(ExecRecorder, NamesTheInterpreterOfAScript) {
  SandboxSpec spec = command({"./main.py", "argument"});
  const std::string script = "#!/usr/bin/env python3\nprint('hello')\n";
  spec.scripts.push_back({"main.py", Bytes(script.begin(), script.end())});
  const RunReport report = run(spec);
  EXPECT_EQ(stdout_of(report), "hello\n");
  ASSERT_EQ(report.executions.size(), 2U);
  EXPECT_THAT(report.executions[0].argv,
              ElementsAre("/usr/bin/env", "python3", "./main.py", "argument"));
  EXPECT_EQ(report.executions[1].path, std::filesystem::canonical("/usr/bin/python3"));
  EXPECT_THAT(report.executions[1].argv, ElementsAre("python3", "./main.py", "argument"));
}

TEST(ExecRecorder, LongArgumentsBecomeTheirDigest) {
  const std::string at_bound(arguments_recorded_bytes_max - sizeof "/bin/true", 'x');
  for (const int over : {0, 1}) {
    SandboxSpec spec = command(
        {"/bin/true", at_bound.substr(1) + std::string(static_cast<std::size_t>(over), 'x')});
    const RunReport report = run(spec);
    ASSERT_EQ(report.executions.size(), 1U);
    const auto& argv = report.executions[0].argv;
    if (over == 0) {
      EXPECT_EQ(argv, spec.argv);
      continue;
    }
    std::string text = spec.argv[0] + std::string(1, '\0') + spec.argv[1] + std::string(1, '\0');
    ASSERT_EQ(text.size(), arguments_recorded_bytes_max + 1);
    EXPECT_THAT(
        argv, ElementsAre("/bin/true", "[" + std::to_string(text.size()) + " bytes, " +
                                           crypto::to_text(crypto::sha256(bytes_of(text))) + "]"));
  }
}

TEST(ExecRecorder, KeepsEmptyAndOddArguments) {
  const SandboxSpec spec = command({"/bin/true", "", "a b", "\n", "\xff"});
  const RunReport report = run(spec);
  EXPECT_EQ(report.executions.at(0).argv, spec.argv);
}

TEST(ExecRecorder, ABackgroundProcessEndsWithTheJob) {
  const RunReport report = run(shell("sleep 100 & sleep 0.1; echo done"));
  EXPECT_EQ(outcome_of(report), "exited 0");
  ASSERT_EQ(report.executions.size(), 3U);
  std::map<std::string, int> codes;
  for (const ExecEvent& event : report.executions) codes[event.argv.back()] = event.exit_code;
  EXPECT_EQ(codes.at("100"), -9);
  EXPECT_EQ(codes.at("0.1"), 0);
}

TEST(ExecRecorder, OrphansAreReaped) {
  EXPECT_EQ(outcome_of(run(helper({"orphans", "30"}))), "exited 0");
}

TEST(ExecRecorder, StopsAndContinuesAsWithoutATracer) {
  EXPECT_EQ(outcome_of(run(helper({"stop-and-continue"}))), "exited 0");
  EXPECT_EQ(outcome_of(run(shell("sleep 5 & kill -STOP $!; kill -CONT $!; kill -TERM $!; "
                                 "wait $!; test $? = 143"))),
            "exited 0");
}

TEST(ExecRecorder, NobodyEscapesTheTracer) {
  const RunReport report = run(helper({"clone-untraced"}));
  EXPECT_EQ(stdout_of(report), "refused\n");
  EXPECT_EQ(report.executions.size(), 1U);
}

TEST(Tools, OthersAreStoppedBeforeTheirFirstInstruction) {
  SandboxSpec spec = python("import os; os.system('echo forbidden'); print('went on')");
  spec.tools = {"python"};
  const RunReport report = run(spec);
  EXPECT_THAT(outcome_of(report), StartsWith("denied: exec /usr/bin/"));
  EXPECT_THAT(outcome_of(report), HasSubstr("not among the tools"));
  EXPECT_EQ(stdout_of(report), "");
  ASSERT_EQ(report.executions.size(), 2U);
  EXPECT_FALSE(report.executions[0].denied);
  EXPECT_TRUE(report.executions[1].denied);
  EXPECT_EQ(report.executions[1].exit_code, -9);
  EXPECT_EQ(report.executions[1].digest, digest_of_file(std::filesystem::canonical("/bin/sh")));
}

TEST(Tools, TheFirstProgramIsJudgedToo) {
  SandboxSpec spec = shell("echo forbidden");
  spec.tools = {"python"};
  const RunReport report = run(spec);
  EXPECT_THAT(outcome_of(report), StartsWith("denied: exec "));
  EXPECT_EQ(stdout_of(report), "");
}

TEST(Tools, AllowedOnesRun) {
  SandboxSpec spec = python(
      "import subprocess; subprocess.check_call(['grep', 'root', "
      "'/etc/passwd'], stdout=subprocess.DEVNULL)");
  spec.tools = {"python", "grep"};
  const RunReport report = run(spec);
  EXPECT_EQ(outcome_of(report), "exited 0") << stderr_of(report);
  EXPECT_EQ(report.executions.size(), 2U);
}

TEST(Tools, ACopyUnderAnAllowedNameIsNotTheTool) {
  SandboxSpec spec = python(
      "import os, shutil\n"
      "shutil.copy('/bin/sh', '/work/python3'); os.chmod('/work/python3', 0o755)\n"
      "os.execv('/work/python3', ['python3', '-c', 'echo forbidden'])\n");
  spec.tools = {"python"};
  const RunReport report = run(spec);
  EXPECT_EQ(outcome_of(report), "denied: exec /work/python3: not among the tools");
  EXPECT_EQ(stdout_of(report), "");
}

TEST(Tools, AProgramInMemoryIsNotATool) {
  SandboxSpec spec = python(
      "import os\n"
      "fd = os.memfd_create('python3', 0)\n"
      "os.write(fd, open('/bin/sh', 'rb').read())\n"
      "os.execve(fd, ['python3', '-c', 'echo forbidden'], {})\n");
  spec.tools = {"python"};
  const RunReport report = run(spec);
  EXPECT_THAT(outcome_of(report), StartsWith("denied: exec /memfd:python3"));
  EXPECT_EQ(stdout_of(report), "");
}

TEST(Tools, TheLoaderIsNotATool) {
  SandboxSpec spec = python(
      "import glob, os\n"
      "loader = glob.glob('/lib*/ld-linux*.so.*')[0]\n"
      "os.execv(loader, [loader, '/bin/sh', '-c', 'echo forbidden'])\n");
  spec.tools = {"python"};
  const RunReport report = run(spec);
  EXPECT_THAT(outcome_of(report), HasSubstr("not among the tools"));
  EXPECT_EQ(stdout_of(report), "");
}

}  // namespace
}  // namespace mayfly::executor::test
