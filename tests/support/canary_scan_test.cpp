// A scanner that misses a copy proves nothing: each kind of place is planted and must be found.
#include "tests/support/canary_scan.hpp"

#include <gtest/gtest.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "base/unique_fd.hpp"
#include "tests/support/process.hpp"
#include "tests/support/sanitizer.hpp"
#include "tests/support/temp_dir.hpp"

namespace mayfly::test {
namespace {

ProcessResult scan(const Canary& canary, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), MAYFLY_BIN_DIR "/canary_scan");
  return run_process(arguments, {.stdin_text = canary.text() + "\n",
                                 .timeout = std::chrono::milliseconds{100'000}});
}

std::string this_process() {
  return std::to_string(::getpid());
}

TEST(CanaryScan, DoesNotFindItsOwnInput) {
  const Canary canary = Canary::random();
  const auto done = scan(canary, {"--process", this_process()});
  EXPECT_EQ(done.exit_code, 0) << done.stdout_text;
  EXPECT_NE(done.stderr_text.find("read 1 processes"), std::string::npos) << done.stderr_text;
}

TEST(CanaryScan, FindsACopyOnTheHeapOfAProcess) {
  const Canary canary = Canary::random();
  ChildProcess holder({"sh", "-c", "read line; echo ready; sleep 1000"},
                      {.stdin_text = canary.clear() + "\n"});
  ASSERT_TRUE(holder.wait_for_text("ready", std::chrono::milliseconds{10'000}));
  const auto done = scan(canary, {"--process", std::to_string(holder.pid())});
  EXPECT_EQ(done.exit_code, 1) << done.stderr_text;
  EXPECT_NE(done.stdout_text.find("(sh) [heap]: raw"), std::string::npos) << done.stdout_text;
  EXPECT_EQ(done.stdout_text.find(canary.clear()), std::string::npos) << "it prints the canary";
}

TEST(CanaryScan, FindsItAmongAllProcessesButNotInThoseExcepted) {
  if (sanitizer_build) GTEST_SKIP() << "all memory of the machine takes a sanitizer minutes";
  const Canary canary = Canary::random();
  ChildProcess holder({"sh", "-c", "read line; echo ready; sleep 1000"},
                      {.stdin_text = canary.clear() + "\n"});
  ASSERT_TRUE(holder.wait_for_text("ready", std::chrono::milliseconds{10'000}));
  const auto found = scan(canary, {"--all-processes", "--except", this_process()});
  EXPECT_NE(found.stdout_text.find("process " + std::to_string(holder.pid()) + " (sh)"),
            std::string::npos);
  const auto excepted = scan(canary, {"--all-processes", "--except", this_process(), "--except",
                                      std::to_string(holder.pid())});
  EXPECT_EQ(excepted.stdout_text, "");
}

TEST(CanaryScan, FindsACopyAcrossTheBoundaryOfTwoReads) {
  const Canary canary = Canary::random();
  const TempDir dir;
  for (const std::size_t before : {0UL, (1UL << 20) - 31, (1UL << 20) - 1, 1UL << 20, 3UL << 20}) {
    dir.write("file", std::string(before, 'x') + canary.clear() + "after");
    const auto done = scan(canary, {dir.path().string()});
    EXPECT_EQ(done.exit_code, 1) << before;
    EXPECT_NE(done.stdout_text.find("raw, 1 times"), std::string::npos) << done.stdout_text;
  }
}

TEST(CanaryScan, FindsBase64InEachAlignment) {
  const Canary canary = Canary::random();
  const TempDir dir;
  for (const std::string_view before : {"", "x", "xy"}) {
    const auto encoded =
        run_process({"base64", "-w0"}, {.stdin_text = std::string(before) + canary.clear() + "z"});
    dir.write("encoded", "{\"data\":\"base64:" + encoded.stdout_text + "\"}");
    const auto done = scan(canary, {dir.path().string()});
    EXPECT_EQ(done.exit_code, 1) << before;
    EXPECT_NE(done.stdout_text.find("encoded: base64, 1 times"), std::string::npos);
  }
}

TEST(CanaryScan, FindsACopyInATmpfs) {
  const Canary canary = Canary::random();
  const TempDir dir("/dev/shm");
  EXPECT_EQ(scan(canary, {"--tmpfs"}).stdout_text, "");
  const auto path = dir.write("left", canary.clear());
  EXPECT_NE(scan(canary, {"--tmpfs"}).stdout_text.find(path.string() + ": raw"), std::string::npos);
}

TEST(CanaryScan, FindsAMemfdThatIsOpenButNotMapped) {
  const Canary canary = Canary::random();
  const UniqueFd fd(::memfd_create("left", MFD_CLOEXEC));
  {
    std::string clear = canary.clear();
    ASSERT_EQ(::write(fd.borrow(), clear.data(), clear.size()), ssize_t{32});
    ::explicit_bzero(clear.data(), clear.size());
  }
  const auto done = scan(canary, {"--process", this_process()});
  EXPECT_EQ(done.stdout_text.find("descriptor " + std::to_string(fd.borrow()) + ": raw") !=
                std::string::npos,
            true)
      << done.stdout_text;
}

TEST(CanaryScan, SaysWhenItCouldNotLook) {
  EXPECT_EQ(run_process({MAYFLY_BIN_DIR "/canary_scan"}, {.stdin_text = "00:00\n"}).exit_code, 2);
  EXPECT_EQ(scan(Canary::random(), {"--no-such-option"}).exit_code, 2);
}

}  // namespace
}  // namespace mayfly::test
