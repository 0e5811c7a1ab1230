// A record that is told while the job runs: the whole of it, in order, whatever the listener does;
// and a listener that cannot keep it ends the run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "executor/supervisor.hpp"
#include "tests/executor/sandbox_run.hpp"

namespace mayfly::executor::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int many = 8'000;  // twice what sockets and batches hold

std::int64_t time_of(const Event& event) {
  if (const auto* execution = std::get_if<ExecEvent>(&event)) return execution->at_us;
  if (const auto* end = std::get_if<ExecEnd>(&event)) return end->at_us;
  if (const auto* call = std::get_if<FileEvent>(&event)) return call->at_us;
  return 0;  // the start
}

struct Told {
  std::vector<Event> events;
  RunReport report;

  template <class Kind>
  std::size_t count() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        events, [](const Event& event) { return std::holds_alternative<Kind>(event); }));
  }
  // The numbers in "/work/n0-", "/work/n1-" ...
  std::vector<int> numbers() const {
    constexpr std::string_view start = "/work/n";
    std::vector<int> found;
    for (const Event& event : events) {
      const auto* const call = std::get_if<FileEvent>(&event);
      if (call == nullptr || !call->path.starts_with(start)) continue;
      found.push_back(std::stoi(call->path.substr(start.size())));
    }
    return found;
  }
};

// `meanwhile`: what the listener does at each event, with how many there were before.
Told tell(const SandboxSpec& spec, const std::function<void(std::size_t)>& meanwhile = {}) {
  Told told;
  Runner::Watch watch;
  watch.on_event = [&](const Event& event) -> Result<void> {
    if (meanwhile) meanwhile(told.events.size());
    told.events.push_back(event);
    return {};
  };
  told.report = run(spec, nullptr, watch);
  return told;
}

SandboxSpec opens(int count) {
  return python("for i in range(" + std::to_string(count) +
                "):\n  try: open(f'/work/n{i}-' + 'x' * 200)\n  except OSError: pass");
}

void expect_whole(const Told& told) {
  ASSERT_FALSE(told.events.empty());
  EXPECT_TRUE(std::holds_alternative<RunStarted>(told.events.front()));
  EXPECT_TRUE(std::ranges::is_sorted(told.events, {}, time_of));
  EXPECT_EQ(told.count<RunStarted>(), 1U);
  EXPECT_EQ(told.count<ExecEvent>(), told.count<ExecEnd>()) << "each program has an end";
  EXPECT_TRUE(told.report.executions.empty() && told.report.files.events.empty()) << "told twice";
  const std::vector<int> numbers = told.numbers();
  for (std::size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(numbers[i], static_cast<int>(i));
}

TEST(ToldRecord, IsThatOfAReport) {
  const SandboxSpec spec = shell("for i in 0 1 2; do cat /work/n$i 2>/dev/null; done; /bin/true");
  const Told told = tell(spec);
  expect_whole(told);
  EXPECT_EQ(outcome_of(told.report), "exited 0");
  const RunReport report = run(spec);
  EXPECT_EQ(told.count<ExecEvent>(), report.executions.size());
  EXPECT_EQ(told.count<FileEvent>(), report.files.events.size());
  EXPECT_EQ(told.numbers().size(), 3U);
}

// Goal: nothing is lost to a slow listener, and nobody holds what it has not taken. Method: it
// sleeps until the job would long have been over; the job is seen to wait for it.
TEST(ToldRecord, MakesTheJobWaitForASlowListenerAndLosesNothing) {
  const auto begun = steady_clock::now();
  static_cast<void>(tell(opens(many)));
  const auto undisturbed = steady_clock::now() - begun;

  const Told told = tell(opens(many), [&](std::size_t before) {
    if (before == many / 2) std::this_thread::sleep_for(3 * undisturbed);
  });
  expect_whole(told);
  EXPECT_EQ(told.numbers().size(), static_cast<std::size_t>(many));
  std::int64_t longest_us = 0;
  for (std::size_t i = 1; i < told.events.size(); ++i) {
    longest_us = std::max(longest_us, time_of(told.events[i]) - time_of(told.events[i - 1]));
  }
  EXPECT_GT(std::chrono::microseconds(longest_us), undisturbed) << "the job did not wait";
}

TEST(ToldRecord, HasATimeLimitWhileTheListenerSleeps) {
  SandboxSpec spec = python(
      "i = 0\nwhile True:\n  try: open(f'/work/n{i}')\n"
      "  except OSError: pass\n  i += 1");
  spec.limits.wall_ms = 700;
  // Than the limit, and the grace that a call which waits for an answer may use up.
  constexpr milliseconds far_longer(700 + 3 * termination_grace_ms);
  const Told told = tell(spec, [&](std::size_t before) {
    if (before == 1000) std::this_thread::sleep_for(far_longer);
  });
  EXPECT_EQ(outcome_of(told.report), "timed out");
  expect_whole(told);
  EXPECT_LT(milliseconds(told.report.usage.wall_ms), far_longer)
      << "ended by its limit, not by the listener";
}

// Goal: a record that cannot be kept is an error, and the job does not go on. Method: the listener
// fails while a job runs that ends only with its time limit.
TEST(ToldRecord, EndsTheRunIfItCannotBeKept) {
  SandboxSpec spec = shell("while :; do cat /work/n 2>/dev/null; done");
  spec.limits.wall_ms = 20'000;
  std::size_t events = 0;
  Runner::Watch watch;
  watch.on_event = [&events](const Event&) -> Result<void> {
    if (++events < 20) return {};
    return fail(ErrorCode::unavailable, "no room for the record");
  };
  const auto ended = runner().run(spec, nullptr, watch);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), ErrorCode::unavailable);
  EXPECT_THAT(ended.error().message(), testing::HasSubstr("no room for the record"));
  EXPECT_EQ(events, 20U) << "nothing is told after that";
}

TEST(ToldRecord, HasAnEndForEachProgramOfAStorm) {
  const Told told = tell(shell("i=0; while [ $i -lt 600 ]; do /bin/true; i=$((i+1)); done"));
  EXPECT_EQ(outcome_of(told.report), "exited 0");
  expect_whole(told);
  EXPECT_EQ(told.count<ExecEvent>(), 601U);
}

}  // namespace
}  // namespace mayfly::executor::test
