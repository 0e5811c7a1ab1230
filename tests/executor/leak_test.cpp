// Many runs of one client leave it as it was: no descriptor, process, mount, control group or
// memory more. A server runs for months.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "tests/executor/sandbox_run.hpp"
#include "tests/support/race_rounds.hpp"
#include "tests/support/sanitizer.hpp"

namespace mayfly::executor::test {
namespace {

constexpr int runs_before = 30;  // what is made once is made by then
// Of memory in use, whatever the number of runs: less than a byte and a half a run in a long test.
constexpr std::int64_t growth_bytes_max = std::int64_t{16} * 1024;

// The allocator keeps maps of its own for a thread that is new; a sanitizer many.
constexpr std::int64_t mappings_more = mayfly::test::sanitizer_build ? 1000 : 4;

std::set<pid_t> children() {
  std::set<pid_t> found;
  std::error_code gone;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", gone)) {
    std::ifstream text(task.path() / "children");
    for (pid_t child = 0; text >> child;) found.insert(child);
  }
  return found;
}

std::int64_t lines_of(const char* path) {
  std::ifstream text(path);
  std::int64_t count = 0;
  for (std::string line; std::getline(text, line);) ++count;
  return count;
}

std::map<std::string, std::int64_t> held() {
  std::map<std::string, std::int64_t> now;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++now["descriptors"];
  }
  now["processes"] = static_cast<std::int64_t>(children().size());
  now["threads"] = 0;
  for ([[maybe_unused]] const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    ++now["threads"];
  }
  now["mounts"] = lines_of("/proc/self/mountinfo");
  now["mappings"] = lines_of("/proc/self/maps");
  now["bytes"] = static_cast<std::int64_t>(::mallinfo2().uordblks);
  return now;
}

// "descriptors 7 -> 8", for each that there is more of.
std::string grown(const std::map<std::string, std::int64_t>& before,
                  const std::map<std::string, std::int64_t>& after) {
  std::string text;
  for (const auto& [name, count] : after) {
    const std::int64_t more = count - before.at(name);
    const std::int64_t allowed = name == "bytes"      ? growth_bytes_max
                                 : name == "mappings" ? mappings_more
                                                      : 0;
    if (more > allowed) {
      text += name + " " + std::to_string(before.at(name)) + " -> " + std::to_string(count) + "\n";
    }
  }
  return text;
}

// Control groups that were made for one of `runners`, wherever they are mounted.
std::vector<std::string> groups_of(const std::set<pid_t>& runners) {
  std::vector<std::string> found;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator entry("/sys/fs/cgroup", error), end;
       !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    for (const pid_t runner : runners) {
      const std::string wanted = "-" + std::to_string(runner) + "-";  // mayfly-<namespace>-<pid>-
      if (name.starts_with("mayfly-") && name.find(wanted) != std::string::npos) {
        found.push_back(entry->path());
      }
    }
  }
  return found;
}

class Leak : public testing::Test {
 protected:
  void run_often(const Runner& client, int runs) {
    const auto dataset = dataset_of("d", "x");
    for (int i = 0; i < runs; ++i) {
      Runner::Watch watch;
      watch.on_stdout = [this](ByteView) { runners_.merge(children()); };
      const auto report = client.run(shell("echo up; cat /data/d > /work/copy"), &dataset, watch);
      ASSERT_TRUE(report) << report.error().message();
      ASSERT_EQ(outcome_of(*report), "exited 0");
      ASSERT_EQ(report->teardown.processes_left, 0);
      ASSERT_EQ(report->teardown.mounts_left, 0);
      ASSERT_EQ(report->teardown.cgroups_left, 0);
    }
  }

  void expect_no_growth(const Runner& client) {
    run_often(client, runs_before);
    const auto before = held();
    runners_.clear();
    run_often(client, mayfly::test::race_rounds(100));
    EXPECT_EQ(grown(before, held()), "");
    for (const pid_t waiting : children()) runners_.erase(waiting);
    EXPECT_FALSE(runners_.empty());
    EXPECT_EQ(groups_of(runners_), std::vector<std::string>());
  }

  std::set<pid_t> runners_;
};

TEST_F(Leak, NothingOverManyRuns) {
  expect_no_growth(runner());
  EXPECT_TRUE(children().empty());
}

// Held between runs: the sandboxes that wait. How many of them there are at a moment is chance, so
// both looks are at a client that has been closed.
TEST_F(Leak, NothingOverManyRunsOfAClientThatHoldsSandboxesReady) {
  const auto once = [this](int runs) {
    auto client = Runner::open(MAYFLY_BIN_DIR "/mayfly-runner", {2});
    ASSERT_TRUE(client) << client.error().message();
    run_often(*client, runs);
  };
  once(runs_before);
  const auto before = held();
  runners_.clear();
  once(mayfly::test::race_rounds(100));
  EXPECT_EQ(grown(before, held()), "");
  EXPECT_EQ(groups_of(runners_), std::vector<std::string>());
}

// The look itself sees one of each.
TEST_F(Leak, TheLookSeesALeakOfEachKind) {
  const auto before = held();
  EXPECT_EQ(grown(before, before), "");
  const UniqueFd descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  const std::vector<char> memory(growth_bytes_max * 2);
  const std::string seen = grown(before, held());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_NE(seen.find("descriptors"), std::string::npos) << seen;
  EXPECT_NE(seen.find("processes"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("bytes") == std::string::npos, mayfly::test::sanitizer_build) << seen;
}

}  // namespace
}  // namespace mayfly::executor::test
