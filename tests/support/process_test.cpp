#include "tests/support/process.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <string>
#include <thread>

#include "tests/support/temp_dir.hpp"

namespace mayfly::test {
namespace {

// Gone, or a zombie that its new parent has not collected yet; a kill takes a moment to arrive.
bool ends(pid_t pid) {
  for (int look = 0; look < 1000; ++look) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string number;
    std::string name;
    std::string state = "gone";
    stat >> number >> name >> state;
    if (state == "gone" || state == "Z" || state == "X") return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return false;
}

TEST(RunProcess, PassesInputOutputAndExitCodeThrough) {
  const auto done =
      run_process({"sh", "-c", "cat; echo \"$COLOUR\" >&2; pwd; exit 7"},
                  {.stdin_text = "in\n", .environment = {"COLOUR=blue"}, .working_directory = "/"});
  EXPECT_EQ(done.exit_code, 7);
  EXPECT_EQ(done.stdout_text, "in\n/\n");
  EXPECT_EQ(done.stderr_text, "blue\n");
  EXPECT_FALSE(done.timed_out);
}

TEST(RunProcess, CarriesMoreThanAPipeHolds) {
  const std::string megabyte(std::size_t{1} << 20, 'x');
  const auto done = run_process({"cat"}, {.stdin_text = megabyte});
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_EQ(done.stdout_text, megabyte);
}

TEST(RunProcess, ReportsASignalAsANegativeCode) {
  EXPECT_EQ(run_process({"sh", "-c", "kill -TERM $$"}).exit_code, -SIGTERM);
}

TEST(RunProcess, AnswersAMissingProgramLikeAShell) {
  const auto done = run_process({"/no/such/program"});
  EXPECT_EQ(done.exit_code, 127);
  EXPECT_NE(done.stderr_text.find("/no/such/program"), std::string::npos);
}

TEST(RunProcess, KillsAtTheDeadlineWithEverythingItStarted) {
  const auto done = run_process({"sh", "-c", "sleep 100 & echo $!; sleep 100"},
                                {.timeout = std::chrono::milliseconds{200}});
  EXPECT_TRUE(done.timed_out);
  EXPECT_EQ(done.exit_code, -SIGKILL);
  EXPECT_TRUE(ends(std::stoi(done.stdout_text)));
}

TEST(ChildProcess, CanBeWatchedAndStopped) {
  ChildProcess child({"sh", "-c", "echo ready; exec sleep 100"});
  EXPECT_TRUE(child.wait_for_text("ready", std::chrono::milliseconds{10'000}));
  EXPECT_EQ(::kill(child.pid(), 0), 0);
  child.send(SIGINT);
  EXPECT_EQ(child.wait().exit_code, -SIGINT);
}

TEST(TempDir, IsGoneAfterwardsWithWhatWasInIt) {
  std::filesystem::path path;
  {
    const TempDir dir;
    path = dir.write("a/b/c.txt", "text");
    EXPECT_EQ(std::filesystem::file_size(path), 4U);
    path = dir.path();
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace mayfly::test
