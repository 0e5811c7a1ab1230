// Two recorders, one record: in order, and never held for long.
#include "executor/record_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "executor/wire.hpp"

namespace mayfly::executor {
namespace {

using testing::ElementsAre;
using Clock = std::chrono::steady_clock;

// Times of file calls are those of the steady clock, of executions since the start.
constexpr std::int64_t start_us = 1'000'000;

Executed execution(std::int64_t at_us) {
  ExecEvent event;
  event.at_us = at_us;
  return {.event = event};
}

Bytes calls_at(std::initializer_list<std::int64_t> times) {
  Bytes bytes;
  for (const std::int64_t at : times) append_event(FileEvent{.at_us = start_us + at}, bytes);
  return bytes;
}

class RecordStreamTest : public testing::Test {
 protected:
  RecordStreamTest() : channels_(Channel::pair().value()), digests_(DigestTable()) {
    stream_.start({5}, Clock::time_point(std::chrono::microseconds(start_us)));
  }

  // What the client has got: "start", "exec 3", "call 4".
  std::vector<std::string> sent() {
    std::vector<std::string> words;
    FrameReader frames(report_bytes_max);
    while (auto message = channels_.second.receive_within(0)) {
      const auto frame = frames.accept(std::move(**message));
      if (!frame || !*frame) continue;
      const std::vector<Event> events = decode_events((*frame)->payload).value();
      for (const Event& event : events) words.push_back(word(event));
    }
    return words;
  }
  static std::string word(const Event& event) {
    if (const auto* one = std::get_if<ExecEvent>(&event))
      return "exec " + std::to_string(one->at_us);
    if (const auto* one = std::get_if<FileEvent>(&event))
      return "call " + std::to_string(one->at_us);
    return std::holds_alternative<RunStarted>(event) ? "start" : "end";
  }
  void pump() { ASSERT_TRUE(stream_.pump(channels_.first, digests_)); }

  std::pair<Channel, Channel> channels_;
  ProgramDigests digests_;
  RecordStream stream_;
};

TEST_F(RecordStreamTest, PutsBothRecordersInTheOrderOfTime) {
  stream_.add({execution(1), execution(3), execution(9)});
  pump();
  EXPECT_THAT(sent(), ElementsAre("start")) << "a call before the execution may still be told";
  ASSERT_TRUE(stream_.add_batch(calls_at({2, 3, 4}), start_us + 5));
  pump();
  EXPECT_THAT(sent(), ElementsAre("exec 1", "call 2", "exec 3", "call 3", "call 4"));
  stream_.end_files();
  pump();
  EXPECT_THAT(sent(), ElementsAre("exec 9"));
}

TEST_F(RecordStreamTest, AsksForABatchBeforeManyExecutionsWait) {
  EXPECT_FALSE(stream_.needs_batch());
  for (int i = 0; i < 300; ++i) stream_.add({execution(i)});
  EXPECT_TRUE(stream_.needs_batch());
  ASSERT_TRUE(stream_.add_batch({}, start_us + 1000));
  pump();
  EXPECT_EQ(sent().size(), 301U);
  EXPECT_FALSE(stream_.needs_batch());
}

// Goal: memory does not grow with the record. Method: a client that does not read.
TEST_F(RecordStreamTest, TakesNoFurtherBatchWhileTheClientDoesNotRead) {
  std::int64_t at = 0;
  while (stream_.wants_batch()) {
    Bytes batch;
    for (int i = 0; i < 1000; ++i) append_event(FileEvent{.at_us = start_us + ++at}, batch);
    ASSERT_TRUE(stream_.add_batch(batch, start_us + at));
    for (int i = 0; i < 10; ++i) pump();
    ASSERT_LT(at, 1'000'000) << "the other end never became full";
  }
  EXPECT_TRUE(stream_.wants_to_send());
  const std::size_t first = sent().size();
  ASSERT_TRUE(stream_.finish(channels_.first, digests_));
  EXPECT_EQ(first + sent().size(), static_cast<std::size_t>(at) + 1) << "and none is lost";
}

TEST_F(RecordStreamTest, PutsAttemptsToExecuteInTheirPlaceToo) {
  stream_.add({execution(1), {.event = FileEvent{.at_us = 4, .call = FileCall::execute}}});
  ASSERT_TRUE(stream_.add_batch(calls_at({2, 5}), start_us + 6));
  pump();
  EXPECT_THAT(sent(), ElementsAre("start", "exec 1", "call 2", "call 4", "call 5"));
}

// Goal: a storm of programs whose record is not taken is noticed before it fills memory.
TEST_F(RecordStreamTest, IsFullWhileTooMuchWaitsAndNotWhenItWasTaken) {
  const std::string argument(16 * 1024, 'x');
  std::size_t count = 0;
  for (; !stream_.is_full(); ++count) {
    ASSERT_LT(count * argument.size(), 2 * executions_waiting_bytes_max);
    ExecEvent event;
    event.at_us = 1;
    event.argv = {argument};
    stream_.add({{.event = event}});
  }
  EXPECT_GT(count * (argument.size() + 1024), executions_waiting_bytes_max);
  ASSERT_TRUE(stream_.add_batch({}, start_us + 2));
  std::size_t taken = 0;
  while (taken < count + 1) {
    pump();
    const std::size_t more = sent().size();
    ASSERT_GT(more, 0U) << "some were lost";
    taken += more;
  }
  EXPECT_FALSE(stream_.is_full());
  EXPECT_FALSE(stream_.wants_to_send());
}

TEST_F(RecordStreamTest, RefusesABatchWithAnythingButCalls) {
  Bytes batch;
  append_event(ExecEnd{}, batch);
  EXPECT_FALSE(stream_.add_batch(batch, start_us));
  EXPECT_FALSE(stream_.add_batch(Bytes{1, 2}, start_us));
}

}  // namespace
}  // namespace mayfly::executor
