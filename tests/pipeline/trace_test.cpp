#include "pipeline/trace.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace mayfly::pipeline {
namespace {

const crypto::Sha256 key = crypto::sha256(bytes_of("a dataset"));

executor::ExecEvent event(std::string path, std::vector<std::string> argv, int exit_code = 0) {
  executor::ExecEvent made;
  made.digest = crypto::sha256(bytes_of(path));
  made.path = std::move(path);
  made.size_bytes = 10;
  made.argv = std::move(argv);
  made.exit_code = exit_code;
  return made;
}

TEST(WithoutTemporaryNames, ReplacesOnlyTheDrawnName) {
  EXPECT_EQ(without_temporary_names("/tmp/ccAB12.o"), "/tmp/*");
  EXPECT_EQ(without_temporary_names("-fresolution=/tmp/cc1.res"), "-fresolution=/tmp/*");
  EXPECT_EQ(without_temporary_names("/tmp/go-build7/b001/x"), "/tmp/*/b001/x");
  EXPECT_EQ(without_temporary_names("/tmp/a:/tmp/b"), "/tmp/*:/tmp/*");
  EXPECT_EQ(without_temporary_names("/work/tmp.py"), "/work/tmp.py");
  EXPECT_EQ(without_temporary_names(""), "");
}

// Goal: nothing of one run's chance reaches the claim. Method: shuffle order, pids and times.
TEST(AggregateExecutions, OrderPidsAndTimesDoNotMatter) {
  std::vector<executor::ExecEvent> events = {
      event("/usr/bin/grep", {"grep", "a"}), event("/usr/bin/grep", {"grep", "b"}, 1),
      event("/usr/bin/cc1", {"cc1", "-o", "/tmp/ccX.s"}), event("/usr/bin/grep", {"grep", "a"})};
  const auto first = aggregate_executions(events, {}, key);
  std::ranges::reverse(events);
  for (auto& one : events) {
    one.pid += 1000;
    one.at_us += 77;
  }
  events[1].argv[2] = "/tmp/ccY.s";
  EXPECT_EQ(aggregate_executions(events, {}, key), first);
  ASSERT_EQ(first.size(), 3U);
  EXPECT_EQ(std::ranges::max(first, {}, &certificate::ToolUse::count).count, 2);
}

TEST(AggregateExecutions, ArgumentsAreBoundToTheirBoundariesAndTheKey) {
  const auto joined = aggregate_executions({event("/usr/bin/x", {"a b"})}, {}, key);
  const auto apart = aggregate_executions({event("/usr/bin/x", {"a", "b"})}, {}, key);
  EXPECT_NE(joined.front().args_hash, apart.front().args_hash);
  const auto other =
      aggregate_executions({event("/usr/bin/x", {"a b"})}, {}, crypto::sha256(bytes_of("another")));
  EXPECT_NE(joined.front().args_hash, other.front().args_hash);
}

// Goal: no job can make a summary too large to certify. Method: more distinct executions than fit.
TEST(AggregateExecutions, StaysReadableHoweverManyDistinctExecutions) {
  std::vector<executor::ExecEvent> events;
  for (int i = 0; i < 5000; ++i) events.push_back(event("/usr/bin/x", {std::to_string(i)}));
  const auto by_tool = aggregate_executions(events, {}, key);
  ASSERT_EQ(by_tool.size(), 1U);
  EXPECT_EQ(by_tool.front().count, 5000);
  events.back().argv = {"changed"};
  EXPECT_NE(aggregate_executions(events, {}, key), by_tool)
      << "what is merged is still committed to";
  for (int i = 0; i < 5000; ++i) events.push_back(event("/work/" + std::to_string(i), {}));
  const auto all = aggregate_executions(events, {}, key);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all.front().tool, "*");
  EXPECT_EQ(all.front().count, 10'000);
}

TEST(AggregateExecutions, NamesThatAreNotTextStayApart) {
  const auto uses = aggregate_executions(
      {event("/work/\xff", {}), event("/work/\x1b[2J", {}), event("/work/%ff", {})}, {}, key);
  ASSERT_EQ(uses.size(), 3U);
  EXPECT_EQ(uses[0].tool, "./%1b[2J");
  EXPECT_EQ(uses[1].tool, "./%25ff");
  EXPECT_EQ(uses[2].tool, "./%ff");
}

std::string tool_of(const std::string& path) {
  return aggregate_executions({event(path, {})}, {}, key).front().tool;
}

TEST(AggregateExecutions, NamesToolsAsARequestDoes) {
  EXPECT_EQ(tool_of("/usr/bin/python3.11"), "python");
  EXPECT_EQ(tool_of("/usr/bin/mawk"), "awk");
  EXPECT_EQ(tool_of("/usr/bin/dash"), "sh");
  EXPECT_EQ(tool_of("/usr/bin/x86_64-linux-gnu-gcc-12"), "gcc");
  EXPECT_EQ(tool_of("/usr/lib/gcc/x86_64-linux-gnu/12/cc1"), "gcc");
  EXPECT_EQ(tool_of("/usr/lib/jvm/java-17-openjdk-amd64/bin/java"), "java");
  EXPECT_EQ(tool_of("/usr/bin/wc"), "wc") << "of coreutils each program is a tool";
  EXPECT_EQ(tool_of("/usr/bin/unheard-of"), "unheard-of");
}

TEST(AggregateExecutions, GivesNoToolsNameToAFileOfTheJob) {
  EXPECT_EQ(tool_of("/work/grep"), "./grep");
  EXPECT_EQ(tool_of("/tmp/usr/bin/python3.11"), "./python3.11");
}

TEST(AggregateExecutions, NamesTheScriptThatArgvNames) {
  const std::vector<executor::ScriptFile> scripts = {{"main.py", {}}, {"lib/run.sh", {}}};
  const auto script_of = [&](const std::string& path, std::vector<std::string> argv) {
    return aggregate_executions({event(path, std::move(argv))}, scripts, key)
        .front()
        .script.value_or("none");
  };
  const std::string python = "/usr/bin/python3.11";
  EXPECT_EQ(script_of(python, {"python3", "main.py"}), "main.py");
  EXPECT_EQ(script_of(python, {"python3", "-u", "/work/main.py", "x"}), "main.py");
  EXPECT_EQ(script_of("/usr/bin/bash", {"bash", "./lib/run.sh"}), "lib/run.sh");
  EXPECT_EQ(script_of("/work/lib/run.sh", {"anything"}), "lib/run.sh");
  EXPECT_EQ(script_of(python, {"python3", "other.py", "main.py"}), "none");
  EXPECT_EQ(script_of(python, {"main.py"}), "none");
  EXPECT_EQ(script_of(python, {}), "none");
}

TEST(SealTrace, RootCoversEveryEventAndSaltsDiffer) {
  executor::RunReport report;
  report.executions = {event("/usr/bin/a", {"a"}), event("/usr/bin/b", {"b"})};
  const auto one = seal_trace(report).value();
  const auto two = seal_trace(report).value();
  ASSERT_EQ(one.lines.size(), 2U);
  EXPECT_NE(one.root, two.root) << "equal events must not give equal, guessable leaves";
  report.files.events.resize(2);
  report.files.events[0].at_us = -1;
  report.files.events[0].path = "/first";
  report.files.events[1].at_us = 1;
  report.files.events[1].path = "/last";
  const auto both = seal_trace(report).value();
  ASSERT_EQ(both.lines.size(), 4U);
  EXPECT_NE(both.lines.front().find("/first"), std::string::npos) << "in the order of time";
  EXPECT_NE(both.lines.back().find("/last"), std::string::npos);
  report = {};
  EXPECT_EQ(seal_trace(report).value().root, crypto::sha256({}));
}

}  // namespace
}  // namespace mayfly::pipeline
