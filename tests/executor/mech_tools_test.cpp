#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "executor/tools.hpp"

namespace mayfly::executor {
namespace {

std::vector<std::string> programs_of(std::initializer_list<std::string> tools) {
  const std::vector<std::string> names(tools);
  const auto programs = programs_of_tools(names);
  EXPECT_TRUE(programs) << programs.error().message();
  return programs ? *programs : std::vector<std::string>();
}

bool contains(const std::vector<std::string>& programs, const std::string& program) {
  return std::ranges::find(programs, program) != programs.end();
}

TEST(ProgramsOfTools, NoToolsAreNoPrograms) {
  EXPECT_TRUE(programs_of({}).empty());
}

TEST(ProgramsOfTools, AreResolvedSortedAndBelowUsr) {
  const auto programs = programs_of({"coreutils", "sh", "awk", "grep", "sed"});
  EXPECT_TRUE(std::ranges::is_sorted(programs));
  EXPECT_EQ(std::ranges::adjacent_find(programs), programs.end());
  for (const auto& program : programs) {
    EXPECT_TRUE(program.starts_with("/usr/")) << program;
    EXPECT_EQ(std::filesystem::canonical(program), program);
    EXPECT_EQ(::access(program.c_str(), X_OK), 0) << program;
  }
}

// What the kernel will call the program when the job runs "awk": the end of all links.
TEST(ProgramsOfTools, FollowsAlternativesToTheProgramItself) {
  EXPECT_TRUE(contains(programs_of({"awk"}), std::filesystem::canonical("/usr/bin/awk")));
  EXPECT_TRUE(contains(programs_of({"sh"}), std::filesystem::canonical("/bin/sh")));
}

TEST(ProgramsOfTools, OneToolDoesNotAllowAnother) {
  EXPECT_FALSE(contains(programs_of({"grep"}), std::filesystem::canonical("/usr/bin/sed")));
  EXPECT_FALSE(contains(programs_of({"sh"}), std::filesystem::canonical("/usr/bin/cat")));
}

TEST(ProgramsOfTools, PythonIsTheInterpreterAndNotItsConfigScript) {
  if (::access("/usr/bin/python3", X_OK) != 0) GTEST_SKIP() << "python3 is not installed";
  const auto programs = programs_of({"python"});
  EXPECT_TRUE(contains(programs, std::filesystem::canonical("/usr/bin/python3")));
  for (const auto& program : programs) EXPECT_EQ(program.find("config"), std::string::npos);
  EXPECT_EQ(programs, programs_of({"python3"}));
}

TEST(ProgramsOfTools, ACompilerBringsTheProgramsThatItRuns) {
  if (::access("/usr/bin/g++", X_OK) != 0) GTEST_SKIP() << "g++ is not installed";
  const auto programs = programs_of({"g++"});
  for (const char* name : {"/cc1plus", "/cc1", "/collect2"}) {
    EXPECT_TRUE(std::ranges::any_of(programs, [&](const auto& p) { return p.ends_with(name); }))
        << name;
  }
  EXPECT_TRUE(contains(programs, std::filesystem::canonical("/usr/bin/as")));
  EXPECT_TRUE(contains(programs, std::filesystem::canonical("/usr/bin/ld")));
}

TEST(ProgramsOfTools, TheJavaCompilerBringsJava) {
  if (::access("/usr/bin/javac", X_OK) != 0) GTEST_SKIP() << "javac is not installed";
  const auto programs = programs_of({"javac"});
  EXPECT_TRUE(contains(programs, std::filesystem::canonical("/usr/bin/java")));
}

TEST(ProgramsOfTools, AnUnknownToolIsNamedWithTheKnownOnes) {
  const std::vector<std::string> tools{"grep", "teleport\n\x1b[31m"};
  const auto programs = programs_of_tools(tools);
  ASSERT_FALSE(programs);
  EXPECT_EQ(programs.error().code(), ErrorCode::malformed);
  EXPECT_NE(programs.error().message().find("\"teleport??[31m\""), std::string::npos);
  EXPECT_NE(programs.error().message().find(" python "), std::string::npos);
  EXPECT_NE(programs.error().message().find(" sqlite3 "), std::string::npos);
}

TEST(ProgramsOfTools, ALongUnknownNameIsShownInPart) {
  const std::vector<std::string> tools{std::string(1'000'000, 'a')};
  const auto programs = programs_of_tools(tools);
  ASSERT_FALSE(programs);
  EXPECT_LT(programs.error().message().size(), 1000U);
}

TEST(ProgramsOfTools, AnAbsentToolNamesThePackageThatHasIt) {
  std::size_t absent = 0;
  for (const auto known : known_tools()) {
    const std::vector<std::string> one{std::string(known)};
    const auto programs = programs_of_tools(one);
    if (programs) {
      EXPECT_FALSE(programs->empty()) << known;
      continue;
    }
    ++absent;
    EXPECT_EQ(programs.error().code(), ErrorCode::unavailable) << known;
    EXPECT_NE(programs.error().message().find("apt install "), std::string::npos) << known;
  }
  if (absent == 0) GTEST_SKIP() << "every known tool is installed here";
}

TEST(KnownTools, AreSortedAndHoldTheOnesThatPeopleName) {
  const auto known = known_tools();
  EXPECT_TRUE(std::ranges::is_sorted(known));
  for (const char* name : {"bash", "python", "grep", "node", "gcc", "java", "rustc", "go"}) {
    EXPECT_NE(std::ranges::find(known, name), known.end()) << name;
  }
}

}  // namespace
}  // namespace mayfly::executor
