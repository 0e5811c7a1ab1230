// Nothing is left of a run: when it ends, when it is killed at any moment, when many run together.
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include "executor/proc_files.hpp"
#include "executor/teardown.hpp"
#include "tests/executor/sandbox_run.hpp"
#include "tests/support/process.hpp"
#include "tests/support/race_rounds.hpp"

namespace mayfly::executor::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool is_alive(pid_t pid) {
  const auto stat = read_proc(pid, "stat", 4096);
  if (!stat) return false;
  const std::size_t name_end = stat->rfind(") ");
  return name_end != std::string::npos && (*stat)[name_end + 2] != 'Z';
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const pid_t pid = std::stoi(name);
    const auto status = read_status(pid);
    if (status && status->parent == parent) children.push_back(pid);
  }
  return children;
}

std::vector<pid_t> descendants_of(pid_t ancestor) {
  std::vector<pid_t> all;
  for (const pid_t child : children_of(ancestor)) {
    all.push_back(child);
    const auto below = descendants_of(child);
    all.insert(all.end(), below.begin(), below.end());
  }
  return all;
}

// The only child of a client that runs one job.
pid_t wait_for_runner(pid_t client) {
  for (const auto until = steady_clock::now() + milliseconds(10'000);
       steady_clock::now() < until;) {
    const auto children = children_of(client);
    if (!children.empty()) return children.front();
  }
  return 0;
}

bool all_gone_within(const std::vector<pid_t>& pids, milliseconds time) {
  const auto until = steady_clock::now() + time;
  for (;;) {
    const bool any = std::ranges::any_of(pids, is_alive);
    if (!any) return true;
    if (steady_clock::now() > until) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
}

// Control groups of one runner, wherever they are mounted.
std::vector<std::string> groups_of(pid_t runner) {
  std::vector<std::string> found;
  const std::string wanted = "-" + std::to_string(runner) + "-";  // mayfly-<namespace>-<pid>-...
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator entry("/sys/fs/cgroup", error), end;
       !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name.starts_with("mayfly-") && name.find(wanted) != std::string::npos) {
      found.push_back(entry->path());
    }
  }
  return found;
}

int mounts_of_ours() {
  std::ifstream in("/proc/self/mountinfo");
  std::stringstream text;
  text << in.rdbuf();
  return text.str().find(" - tmpfs mayfly ") == std::string::npos ? 0 : 1;
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

// Goal: whatever a runner is doing when it is killed, nothing outlives it. Method: kill it at many
// moments, from before the sandbox exists until the job has run for a while.
TEST(Teardown, KillingTheRunnerLeavesNothing) {
  std::mt19937 random(20'261'121);  // NOLINT: the same moments in every run
  for (int round = 0; round < mayfly::test::race_rounds(40); ++round) {
    std::atomic<bool> ended = false;
    Result<RunReport> report = fail(ErrorCode::internal, "not run");
    std::thread client([&] {
      report =
          runner().run(shell("for i in 1 2 3; do (sleep 100; echo x) & done; wait"), nullptr, {});
      ended = true;
    });
    const pid_t victim = wait_for_runner(::getpid());
    ASSERT_GT(victim, 0);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
    std::vector<pid_t> below = descendants_of(victim);
    ::kill(victim, SIGKILL);
    client.join();
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code(), ErrorCode::internal);
    EXPECT_TRUE(all_gone_within(below, milliseconds(5000))) << "round " << round;
    EXPECT_EQ(groups_of(victim), std::vector<std::string>()) << "round " << round;
    EXPECT_EQ(mounts_of_ours(), 0);
  }
}

// The processes that the test above looks at are really the job's.
TEST(Teardown, DescendantsOfARunnerAreItsJob) {
  std::thread client(
      [] { static_cast<void>(runner().run(shell("sleep 100 & sleep 100"), nullptr, {})); });
  const pid_t victim = wait_for_runner(::getpid());
  std::size_t most = 0;
  for (int waited = 0; waited < 5000 && most < 5; ++waited) {
    most = std::max(most, descendants_of(victim).size());  // recorder, pid 1, sh, sleep, sleep
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_EQ(most, 5U);
  ::kill(victim, SIGKILL);
  client.join();
}

TEST(Teardown, KillingTheClientLeavesNothing) {
  mayfly::test::ChildProcess client(
      {"/proc/self/exe", "--run-shell", "echo up; sleep 100 & sleep 100"});
  const pid_t victim = wait_for_runner(client.pid());
  ASSERT_GT(victim, 0);
  std::vector<pid_t> below;
  for (int waited = 0; waited < 5000 && below.size() < 5; ++waited) {
    below = descendants_of(victim);
    std::this_thread::sleep_for(milliseconds(1));
  }
  ASSERT_EQ(below.size(), 5U);  // the file recorder among them
  below.push_back(victim);
  client.send(SIGKILL);
  EXPECT_TRUE(all_gone_within(below, milliseconds(5000)));
  EXPECT_EQ(mounts_of_ours(), 0);
  EXPECT_EQ(groups_of(victim), std::vector<std::string>()) << "the runner cleans up, then ends";
}

// Client and runner killed together: nobody is left who could clean up, until the next client.
TEST(Teardown, TheNextClientRemovesWhatNobodyCould) {
  mayfly::test::ChildProcess client({"/proc/self/exe", "--run-shell", "echo up; sleep 100"});
  const pid_t victim = wait_for_runner(client.pid());
  ASSERT_GT(victim, 0);
  std::vector<pid_t> below;
  for (int waited = 0; waited < 5000 && below.size() < 4; ++waited) {
    below = descendants_of(victim);
    std::this_thread::sleep_for(milliseconds(1));
  }
  below.push_back(victim);
  ::kill(victim, SIGSTOP);  // so that it cannot notice
  client.send(SIGKILL);
  ::kill(victim, SIGKILL);
  EXPECT_TRUE(all_gone_within(below, milliseconds(5000)));
  ASSERT_TRUE(Runner::open(MAYFLY_BIN_DIR "/mayfly-runner"));
  EXPECT_EQ(groups_of(victim), std::vector<std::string>());
}

TEST(Teardown, ProcessesThatHideInNewSessionsEnd) {
  const RunReport report =
      run(python("import os, signal, time\n"
                 "for i in range(10):\n"
                 "  if os.fork() == 0:\n"
                 "    os.setsid()\n"
                 "    if os.fork() == 0:\n"
                 "      signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                 "      os.close(1); os.close(2)\n"
                 "      while True: time.sleep(100)\n"
                 "    os._exit(0)\n"
                 "  os.wait()\n"));
  EXPECT_EQ(outcome_of(report), "exited 0") << stderr_of(report);
  EXPECT_EQ(report.teardown.scanned, (std::vector<std::string>{"processes", "mounts", "cgroups"}));
}

// The look itself: it finds a process that is there.
TEST(Teardown, LookFindsWhatIsLeft) {
  const auto pid_namespace = std::filesystem::read_symlink("/proc/self/ns/pid").string();
  const auto found = look_for_remains(pid_namespace, std::nullopt);
  ASSERT_TRUE(found);
  EXPECT_GE(found->processes_left, 1);
  const auto listed = look_for_remains("pid:[1]", 2);
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->processes_left, 2);
  const auto nothing = look_for_remains("pid:[1]", std::nullopt);
  ASSERT_TRUE(nothing);
  EXPECT_EQ(nothing->processes_left, 0);
  EXPECT_EQ(nothing->mounts_left, 0);
}

TEST(Parallel, EightRunsSeeNothingOfEachOther) {
  std::vector<std::thread> threads;
  std::vector<std::string> outputs(8);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    threads.emplace_back([i, &outputs] {
      const std::string id = std::to_string(i);
      const auto dataset = dataset_of("own.txt", "data of " + id);
      const RunReport report =
          run(shell("echo " + id + " > /work/mine; echo " + id + " > /tmp/mine; echo " + id +
                    " > /dev/shm/mine; sleep 0.2; ls /work /tmp /dev/shm | tr '\\n' ' '; "
                    "cat /work/mine /tmp/mine /dev/shm/mine /data/own.txt; echo; "
                    "set -- /proc/[0-9]*; echo $#"),
              &dataset);
      outputs[i] = stdout_of(report);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const std::string id = std::to_string(i);
    EXPECT_EQ(outputs[i], "/dev/shm: mine  /tmp: mine  /work: mine " + id + "\n" + id + "\n" + id +
                              "\ndata of " + id + "\n2\n");
  }
}

TEST(Leak, NoDescriptorOverTwoHundredRuns) {
  const auto dataset = dataset_of("d", "x");
  run(shell("true"), &dataset);
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 200; ++i) {
    const RunReport report = run(shell("true"), &dataset);
    ASSERT_EQ(outcome_of(report), "exited 0");
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(children_of(::getpid()), std::vector<pid_t>());
}

}  // namespace
}  // namespace mayfly::executor::test
