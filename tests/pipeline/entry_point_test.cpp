#include "pipeline/entry_point.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mayfly::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

executor::ScriptFile script(std::string name, std::string_view contents = "") {
  const ByteView bytes = bytes_of(contents);
  return {.name = std::move(name), .contents = Bytes(bytes.begin(), bytes.end())};
}

Result<std::vector<std::string>> run_of(const std::vector<executor::ScriptFile>& scripts,
                                        std::string_view language = "") {
  TRY(EntryPoint entry, entry_point(scripts, "", language));
  return std::move(entry.run);
}

TEST(EntryPointOf, OneScriptIsRunByItsInterpreter) {
  EXPECT_THAT(run_of({script("scan.py")}).value(), ElementsAre("python3", "scan.py"));
  EXPECT_THAT(run_of({script("a/b.mjs")}).value(), ElementsAre("node", "a/b.mjs"));
  EXPECT_TRUE(entry_point({script("scan.py")}, "", "").value().build.empty());
}

TEST(EntryPointOf, MainWinsAmongSeveralUnlessOneIsNamed) {
  const std::vector scripts = {script("util.py"), script("main.sh")};
  EXPECT_THAT(run_of(scripts).value(), ElementsAre("bash", "main.sh"));
  EXPECT_THAT(entry_point(scripts, "util.py", "").value().run, ElementsAre("python3", "util.py"));
  EXPECT_FALSE(entry_point(scripts, "other.py", ""));
}

TEST(EntryPointOf, ShebangAndElfNeedNoInterpreter) {
  EXPECT_THAT(run_of({script("job", "#!/bin/sh\n")}).value(), ElementsAre("./job"));
  EXPECT_THAT(run_of({script("job",
                             "\x7f"
                             "ELF...")})
                  .value(),
              ElementsAre("./job"));
}

TEST(EntryPointOf, ALanguageIsNamedOrKnownByTheExtension) {
  EXPECT_THAT(run_of({script("job.txt")}, "python").value(), ElementsAre("python3", "job.txt"));
  EXPECT_THAT(run_of({script("job.py")}, "sh").value(), ElementsAre("bash", "job.py"));
  EXPECT_THAT(run_of({script("job.txt")}, "cobol").error().message(),
              HasSubstr("\"cobol\" is not known: use one of python, javascript"));
}

TEST(EntryPointOf, CompiledLanguagesAreBuiltFromAllTheirSources) {
  const auto c = entry_point({script("util.c"), script("util.h"), script("main.c")}, "", "");
  EXPECT_THAT(c.value().build,
              ElementsAre("gcc", "-O2", "-o", "program", "main.c", "util.c", "-lm"));
  EXPECT_THAT(c.value().run, ElementsAre("./program"));
  const auto java = entry_point({script("Main.java"), script("app/Part.java")}, "", "").value();
  EXPECT_THAT(java.build, ElementsAre("javac", "-d", "classes", "Main.java", "app/Part.java"));
  EXPECT_THAT(java.run, ElementsAre("java", "-cp", "classes", "Main"));
  const auto rust = entry_point({script("main.rs"), script("part.rs")}, "", "").value();
  EXPECT_EQ(rust.build.back(), "main.rs");
  EXPECT_EQ(rust.build[rust.build.size() - 2], "program") << "rustc takes the root of the crate";
}

TEST(EntryPointOf, RefusesAScriptWithTheNameThatTheBuildWrites) {
  for (const char* name : {"program", "classes/x.c", "program/x.c"}) {
    const auto entry = entry_point({script("main.c"), script(name)}, "", "");
    ASSERT_FALSE(entry) << name;
    EXPECT_THAT(entry.error().message(), HasSubstr("rename it"));
  }
  EXPECT_TRUE(entry_point({script("main.py"), script("program")}, "", "")) << "nothing is built";
}

TEST(EntryPointOf, RefusesWhatIsAmbiguousOrUnknownAndSaysTheFix) {
  EXPECT_THAT(run_of({}).error().message(), HasSubstr("nothing to run"));
  EXPECT_THAT(run_of({script("a.py"), script("b.py")}).error().message(),
              HasSubstr("name the command"));
  EXPECT_THAT(run_of({script("main.py"), script("main.sh")}).error().message(),
              HasSubstr("main.py and main.sh"));
  EXPECT_THAT(run_of({script("job.xyz")}).error().message(), HasSubstr(".py"));
  // A dot in a folder's name is no extension.
  EXPECT_FALSE(run_of({script("v1.py/job")}));
}

}  // namespace
}  // namespace mayfly::pipeline
