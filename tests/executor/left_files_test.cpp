// What a job leaves in /work, when a stage after it wants it. Twice: as root and as an ordinary
// user.
#include "executor/left_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "executor/request.hpp"
#include "tests/executor/sandbox_run.hpp"

namespace mayfly::executor::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

SandboxSpec leaving(std::string_view script) {
  SandboxSpec spec = shell(script);
  spec.left_files = LeftFiles::taken;
  return spec;
}

std::vector<std::pair<std::string, std::string>> left_by(const RunReport& report) {
  std::vector<std::pair<std::string, std::string>> files;
  for (const ScriptFile& file : report.left) {
    files.emplace_back(file.name, text_of(file.contents));
  }
  return files;
}

TEST(LeftFiles, AreTakenOverByNameAndContents) {
  SandboxSpec spec = leaving("mkdir -p a/b empty; printf two > a/b/2; printf one > 1; : > nothing");
  spec.scripts = {{"given", {'g'}}};
  const RunReport report = run(spec);
  EXPECT_EQ(outcome_of(report), "exited 0") << stderr_of(report);
  EXPECT_THAT(left_by(report), ElementsAre(Pair("1", "one"), Pair("a/b/2", "two"),
                                           Pair("given", "g"), Pair("nothing", "")));
}

TEST(LeftFiles, AreDestroyedWhenNobodyAsksOrTheJobFails) {
  EXPECT_THAT(left_by(run(shell("echo x > file"))), IsEmpty());
  EXPECT_THAT(left_by(run(leaving("echo x > file; exit 3"))), IsEmpty());
}

TEST(LeftFiles, NothingIsFollowedOutOfTheFolder) {
  const RunReport report = run(leaving(
      "ln -s /etc/passwd link; ln -s /etc folder; ln -s .. up; mkfifo pipe; echo x > file"));
  EXPECT_EQ(outcome_of(report), "exited 0") << stderr_of(report);
  EXPECT_THAT(left_by(report), ElementsAre(Pair("file", "x\n")));
}

TEST(LeftFiles, TooMuchIsRefused) {
  const auto outcome_after = [](std::string_view script) {
    SandboxSpec spec = leaving(script);
    spec.limits.disk_inodes = 20'000;
    const RunReport report = run(spec);
    EXPECT_THAT(left_by(report), IsEmpty()) << script;
    return outcome_of(report);
  };
  // A file of holes takes no memory in the sandbox, and would take all of it here.
  EXPECT_THAT(outcome_after("truncate -s 33554433 holes"), HasSubstr("denied: the job left more"));
  EXPECT_THAT(outcome_after("seq -f file%g 4097 | xargs touch"), HasSubstr("denied: the job left"));
  EXPECT_THAT(outcome_after("d=.; for i in $(seq 70); do d=$d/d; mkdir $d; done; : > $d/x"),
              HasSubstr("denied: the job left folders more than 64 deep"));
  SandboxSpec most = leaving("truncate -s 33554432 holes");
  EXPECT_EQ(run(most).left.size(), 1U) << "the bound itself is allowed";
}

}  // namespace
}  // namespace mayfly::executor::test
