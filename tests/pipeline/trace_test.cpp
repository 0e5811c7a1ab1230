#include "pipeline/trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/text_encoding.hpp"
#include "certificate/canonical_document.hpp"
#include "transparency/trace_leaf.hpp"

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

std::vector<certificate::ToolUse> aggregate_executions(
    const std::vector<executor::ExecEvent>& events, std::vector<std::string> scripts,
    const crypto::Sha256& with) {
  ToolUses uses(std::move(scripts), with);
  for (const executor::ExecEvent& one : events) {
    uses.add(one);
    uses.end({.at_us = 0, .pid = one.pid, .exit_code = one.exit_code});
  }
  return std::move(uses).finish();
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
  std::ranges::reverse(events);
  EXPECT_EQ(aggregate_executions(events, {}, key), by_tool) << "whatever order chance gave them";
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
  const std::vector<std::string> scripts = {"main.py", "lib/run.sh"};
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

TEST(AggregateExecutions, LosesNoneWhoseEndNobodyTold) {
  ToolUses uses({}, key);
  uses.add(event("/usr/bin/dash", {"sh"}));
  uses.add(event("/usr/bin/grep", {"grep"}));  // the same process
  const auto found = std::move(uses).finish();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].exit_code, -9);
  EXPECT_EQ(found[1].exit_code, -9);
}

TEST(AggregateExecutions, KnowsEachProcessByItsNumber) {
  ToolUses uses({}, key);
  auto shell = event("/usr/bin/dash", {"sh"});
  shell.pid = 2;
  auto grep = event("/usr/bin/grep", {"grep"});
  grep.pid = 3;
  uses.add(shell);
  uses.add(grep);
  uses.end({.at_us = 0, .pid = 2, .exit_code = 7});
  uses.end({.at_us = 0, .pid = 3, .exit_code = 1});
  const auto found = std::move(uses).finish();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].tool, "grep");
  EXPECT_EQ(found[0].exit_code, 1);
  EXPECT_EQ(found[1].exit_code, 7);
}

struct Recorded {
  RecordedTrace trace;
  std::vector<std::string> lines;
};

Recorded record(const std::vector<executor::Event>& events) {
  Recorded recorded;
  auto recorder =
      TraceRecorder::start({.disclosure_key = key, .scripts = {}}, [&](std::string_view line) {
        recorded.lines.emplace_back(line);
      }).value();
  for (const executor::Event& one : events) EXPECT_TRUE(recorder.add(one));
  recorded.trace = std::move(recorder).finish({}).value();
  return recorded;
}

TEST(TraceRecorder, RootCoversEveryEventAndSaltsDiffer) {
  const std::vector<executor::Event> events = {event("/usr/bin/a", {"a"}),
                                               event("/usr/bin/b", {"b"})};
  const Recorded one = record(events);
  ASSERT_EQ(one.lines.size(), 2U);
  EXPECT_EQ(one.trace.size, 2);
  EXPECT_NE(one.trace.root, record(events).trace.root)
      << "equal events must not give equal, guessable leaves";
  EXPECT_EQ(record({}).trace.root, crypto::sha256({}));
}

// Goal: whoever is shown one event learns nothing of another that he could guess. Method: the same
// event many times in a run, and again in another run: no leaf and no salt comes twice.
TEST(TraceRecorder, GivesEqualEventsLeavesThatCannotBeCompared) {
  const std::vector<executor::Event> events(300, executor::FileEvent{.path = "/work/x"});
  std::set<std::string> ends;
  for (int run = 0; run < 2; ++run) {
    for (const std::string& line : record(events).lines) {
      const std::size_t leaf = line.find(",\"leaf\":");
      ASSERT_NE(leaf, std::string::npos);
      ends.insert(line.substr(leaf, 76));
      ends.insert(line.substr(line.size() - 36));
    }
  }
  EXPECT_EQ(ends.size(), 2U * 2U * events.size());
}

// What is written is what the root is over: computed again from the lines alone.
TEST(TraceRecorder, LinesGiveTheRoot) {
  const Recorded recorded =
      record({event("/usr/bin/a", {"a", "\x1b\xff"}), executor::FileEvent{.path = "/work/x"},
              executor::ExecEnd{.exit_code = 3}});
  ASSERT_EQ(recorded.lines.size(), 3U);
  transparency::RootBuilder tree;
  for (const std::string& line : recorded.lines) {
    const auto document = certificate::CanonicalDocument::parse(bytes_of(line)).value();
    const Bytes salt = hex_decode(document.root().member("salt")->string().value()).value();
    transparency::TraceSalt exact{};
    ASSERT_EQ(salt.size(), exact.size());
    std::ranges::copy(salt, exact.begin());
    const auto leaf = transparency::trace_leaf(exact, document.root().member("event")->slice());
    EXPECT_EQ(document.root().member("leaf")->string().value(), hex_encode(leaf.bytes));
    tree.append(leaf);
  }
  EXPECT_EQ(tree.root(), recorded.trace.root);
}

TEST(TraceRecorder, TimesGoOnFromStageToStage) {
  const Recorded recorded =
      record({executor::RunStarted{{1000}}, executor::FileEvent{.at_us = 5, .path = "/work/a"},
              executor::RunStarted{{1002}}, executor::FileEvent{.at_us = 7, .path = "/work/b"},
              executor::RunStarted{{900}}, executor::FileEvent{.at_us = 9, .path = "/work/c"}});
  ASSERT_EQ(recorded.lines.size(), 3U);
  EXPECT_THAT(recorded.lines[0], testing::HasSubstr("\"at_us\":5,"));
  EXPECT_THAT(recorded.lines[1], testing::HasSubstr("\"at_us\":2007,"));
  EXPECT_THAT(recorded.lines[2], testing::HasSubstr("\"at_us\":9,")) << "a clock that went back";
}

TEST(TraceRecorder, CountsItsEventsByKind) {
  const Recorded recorded = record(
      {event("/usr/bin/a", {"a"}), executor::FileEvent{.path = "/work/x"}, executor::ExecEnd{},
       executor::FileEvent{.call = executor::FileCall::execute, .error = 2, .path = "./no"},
       executor::FileEvent{.call = executor::FileCall::refuse, .error = 1, .path = "bpf"},
       executor::FileEvent{.call = executor::FileCall::send, .path = "inet 192.0.2.1:53"},
       executor::FileEvent{.call = executor::FileCall::connect, .path = "inet 192.0.2.1:80"}});
  EXPECT_THAT(recorded.trace.kinds, testing::UnorderedElementsAre(testing::Pair("executions", 4),
                                                                  testing::Pair("files", 1),
                                                                  testing::Pair("network", 2)));
}

}  // namespace
}  // namespace mayfly::pipeline
