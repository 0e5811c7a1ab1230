#include "pipeline/entry_command.hpp"

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

TEST(EntryCommand, OneScriptIsRunByItsInterpreter) {
  EXPECT_THAT(entry_command({script("scan.py")}).value(), ElementsAre("python3", "scan.py"));
  EXPECT_THAT(entry_command({script("a/b.mjs")}).value(), ElementsAre("node", "a/b.mjs"));
}

TEST(EntryCommand, MainWinsAmongSeveral) {
  EXPECT_THAT(entry_command({script("util.py"), script("main.sh")}).value(),
              ElementsAre("bash", "main.sh"));
}

TEST(EntryCommand, ShebangAndElfNeedNoInterpreter) {
  EXPECT_THAT(entry_command({script("job", "#!/bin/sh\n")}).value(), ElementsAre("./job"));
  EXPECT_THAT(entry_command({script("job",
                                    "\x7f"
                                    "ELF...")})
                  .value(),
              ElementsAre("./job"));
}

TEST(EntryCommand, RefusesWhatIsAmbiguousOrUnknownAndSaysTheFix) {
  EXPECT_THAT(entry_command({}).error().message(), HasSubstr("nothing to run"));
  EXPECT_THAT(entry_command({script("a.py"), script("b.py")}).error().message(),
              HasSubstr("name the command"));
  EXPECT_THAT(entry_command({script("main.py"), script("main.sh")}).error().message(),
              HasSubstr("main.py and main.sh"));
  EXPECT_THAT(entry_command({script("job.xyz")}).error().message(), HasSubstr(".py"));
  // A dot in a folder's name is no extension.
  EXPECT_FALSE(entry_command({script("v1.py/job")}));
}

}  // namespace
}  // namespace mayfly::pipeline
