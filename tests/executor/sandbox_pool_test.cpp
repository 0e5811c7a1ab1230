// Sandboxes that were built before anybody asked: each serves one run, knows nothing of another,
// and is held to exactly what a sandbox built for its run is held to.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "tests/executor/sandbox_run.hpp"

namespace mayfly::executor::test {
namespace {

constexpr int tries_max = 500;

Runner open_runner(std::size_t ready) {
  auto opened = Runner::open(MAYFLY_BIN_DIR "/mayfly-runner", {ready});
  EXPECT_TRUE(opened) << opened.error().message();
  return std::move(*opened);
}

std::int64_t time_of(const RunReport& report, std::string_view step) {
  for (const Phase& phase : report.phases) {
    if (phase.name == step) return phase.at_us;
  }
  ADD_FAILURE() << "no step " << step;
  return 0;
}

bool was_ready(const RunReport& report) {
  return time_of(report, "sandbox built") < time_of(report, "asked");
}

RunReport run_with(const Runner& runner, const SandboxSpec& spec,
                   const intake::Dataset* dataset = nullptr) {
  auto report = runner.run(spec, dataset, {});
  EXPECT_TRUE(report) << report.error().message();
  if (!report) return {};
  EXPECT_EQ(report->teardown.processes_left, 0);
  EXPECT_EQ(report->teardown.mounts_left, 0);
  EXPECT_EQ(report->teardown.cgroups_left, 0);
  return std::move(*report);
}

// A runner is in its place when its own child has a child: pid 1 of the sandbox, and the job's
// process, which is the last that is made.
std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  const std::string tasks = "/proc/" + std::to_string(parent) + "/task";
  std::error_code gone;
  for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
    std::ifstream text(task.path() / "children");
    for (pid_t child = 0; text >> child;) children.push_back(child);
  }
  return children;
}

std::vector<pid_t> first_processes_of_ready_sandboxes() {
  std::vector<pid_t> found;
  for (const pid_t runner : children_of(::getpid())) {
    for (const pid_t init : children_of(runner)) {
      if (!children_of(init).empty()) found.push_back(init);
    }
  }
  return found;
}

void wait_for_ready(std::size_t count) {
  for (int i = 0; i < tries_max; ++i) {
    if (first_processes_of_ready_sandboxes().size() >= count) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  FAIL() << "the pool was not filled";
}

// What the kernel shows of a sandbox does not tell whether its runner is done with it: one that was
// asked a moment too early counts as built for its run, and the next one is tried.
RunReport run_ready(const Runner& runner, const SandboxSpec& spec,
                    const intake::Dataset* dataset = nullptr) {
  for (int i = 0; i < tries_max; ++i) {
    wait_for_ready(1);
    RunReport report = run_with(runner, spec, dataset);
    if (was_ready(report)) return report;
  }
  ADD_FAILURE() << "no run was given a sandbox that was built before";
  return {};
}

TEST(SandboxPool, GivesRunsASandboxThatWasBuiltBefore) {
  const Runner runner = open_runner(1);
  const RunReport report = run_ready(runner, shell("echo hello"));
  EXPECT_EQ(outcome_of(report), "exited 0");
  EXPECT_EQ(stdout_of(report), "hello\n");
}

TEST(SandboxPool, IsEmptyUnlessAskedFor) {
  const Runner runner = open_runner(0);
  EXPECT_FALSE(was_ready(run_with(runner, shell("true"))));
}

TEST(SandboxPool, ShowsADatasetThatCameLater) {
  const Runner runner = open_runner(1);
  wait_for_ready(1);
  const intake::Dataset dataset = dataset_of("deep/er/data.csv", "a,b\n1,2\n");
  SandboxSpec spec = shell("cat /data/deep/er/data.csv; cat script/one; echo x > /data/deep/y");
  spec.scripts = {{"script/one", {'1', '\n'}}};
  const RunReport report = run_ready(runner, spec, &dataset);
  EXPECT_EQ(stdout_of(report), "a,b\n1,2\n1\n");
  EXPECT_NE(stderr_of(report).find("Read-only file system"), std::string::npos);
}

// Goal: nothing passes from one run to the next. Method: the first leaves all it can, wherever it
// may write; the second looks.
TEST(SandboxPool, UsesEachSandboxOnce) {
  const Runner runner = open_runner(1);
  const auto spec = shell(
      "ls -A /work /tmp /dev/shm; cat /proc/sys/kernel/hostname; ls /proc | grep -c '^[0-9]';"
      "for d in /work /tmp /dev/shm; do echo left > $d/behind; done");
  const RunReport first = run_ready(runner, spec);
  const RunReport second = run_ready(runner, spec);
  EXPECT_EQ(outcome_of(first), "exited 0");
  EXPECT_EQ(stdout_of(first), stdout_of(second));
  EXPECT_EQ(stdout_of(second).find("behind"), std::string::npos) << stdout_of(second);
}

// Side by side, because the kernel uses the number of a namespace that is gone again. Abstract
// sockets are names in a network namespace: one shared would be a channel.
TEST(SandboxPool, KeepsSandboxesApartThatWaitSideBySide) {
  const Runner runner = open_runner(2);
  wait_for_ready(2);
  const auto spec = python(
      "import os, socket, sys, time\n"
      "s = socket.socket(socket.AF_UNIX)\n"
      "s.bind('\\0mayfly')\n"
      "print(sum('@mayfly' in line for line in open('/proc/net/unix')))\n"
      "for n in 'user mnt pid net ipc uts cgroup'.split():\n"
      "    print(os.readlink('/proc/self/ns/' + n), file=sys.stderr)\n"
      "time.sleep(0.5)\n");
  RunReport reports[2];
  {
    std::jthread one([&] { reports[0] = run_with(runner, spec); });
    std::jthread two([&] { reports[1] = run_with(runner, spec); });
  }
  std::set<std::string> namespaces;
  for (const RunReport& report : reports) {
    EXPECT_EQ(stdout_of(report), "1\n") << stderr_of(report);
    std::istringstream lines(stderr_of(report));
    for (std::string line; std::getline(lines, line);) namespaces.insert(line);
  }
  EXPECT_EQ(namespaces.size(), 14U) << "two runs shared a namespace";
}

TEST(SandboxPool, HoldsARunToWhatASandboxOfItsOwnHoldsItTo) {
  const Runner pooled = open_runner(1);
  const Runner cold = open_runner(0);
  std::vector<SandboxSpec> specs{shell("echo hello; exit 3"), shell("sleep 100"),
                                 shell("head -c 3000000 /dev/zero > /work/f; echo $?"),
                                 shell("ulimit -n; ulimit -t; umask; pwd; id; env | sort"),
                                 shell("for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done; wait")};
  specs[1].limits.wall_ms = 200;
  specs[2].limits.disk_bytes = 1'000'000;
  specs[3].limits.open_files = 77;
  specs[3].limits.cpu_ms = 5000;
  specs[4].limits.pids = 5;
  SandboxSpec hungry = python("x = bytearray(400_000_000)\nprint(len(x))");
  hungry.limits.memory_bytes = 64'000'000;
  specs.push_back(hungry);
  for (const SandboxSpec& spec : specs) {
    const RunReport ready = run_ready(pooled, spec);
    const RunReport own = run_with(cold, spec);
    SCOPED_TRACE(spec.argv.back());
    EXPECT_EQ(outcome_of(ready), outcome_of(own));
    EXPECT_EQ(stdout_of(ready), stdout_of(own));
    EXPECT_EQ(ready.confinement, own.confinement);
    EXPECT_EQ(ready.coverage, own.coverage);
    EXPECT_EQ(ready.policy_hash, own.policy_hash);
  }
}

TEST(SandboxPool, DoesNotUseASandboxThatDied) {
  const Runner runner = open_runner(1);
  wait_for_ready(1);
  for (const pid_t init : first_processes_of_ready_sandboxes()) ::kill(init, SIGKILL);
  for (int i = 0; i < tries_max && !first_processes_of_ready_sandboxes().empty(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  const RunReport report = run_with(runner, shell("echo hello"));
  EXPECT_EQ(stdout_of(report), "hello\n");
  EXPECT_FALSE(was_ready(report));
}

TEST(SandboxPool, LeavesNothingWhenItIsClosed) {
  {
    const Runner runner = open_runner(3);
    wait_for_ready(3);
  }
  EXPECT_TRUE(children_of(::getpid()).empty());
}

TEST(SandboxPool, RefusesMoreThanItsBound) {
  const auto past = Runner::open(MAYFLY_BIN_DIR "/mayfly-runner", {ready_sandboxes_max + 1});
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().code(), ErrorCode::limit);
}

}  // namespace
}  // namespace mayfly::executor::test
