// The queue of runs: its bounds, its order, and what becomes of those that do not get their turn.
#include "api/run_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <latch>

#include "api/rate_limit.hpp"

namespace mayfly::api {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

constexpr RunQueueLimits one_at_a_time{.runs_max = 1,
                                       .waiting_max = 8,
                                       .per_client_max = 6,
                                       .dataset_bytes_max = 1000,
                                       .job_bytes_max = 100};

// Keeps the only thread busy until it is let go, so that what is submitted meanwhile must wait.
class RunQueueTest : public testing::Test {
 protected:
  void occupy(RunQueue& queue) {
    std::promise<void> started;
    submit(queue, "first", 1, [this, &started] {
      started.set_value();
      go_.wait();
    });
    started.get_future().wait();
  }
  void let_go() { go_.count_down(); }

  RunQueue::Ticket submit(RunQueue& queue, const std::string& client, std::uint64_t job_bytes,
                          std::function<void()> run) {
    auto place = queue.reserve(client);
    EXPECT_TRUE(place) << place.error().detail;
    return queue.submit(std::move(*place), {.job_bytes = job_bytes,
                                            .run = std::move(run),
                                            .give_up = [this](GivenUp why) { note(why); }});
  }
  RunQueue::Ticket submit_named(RunQueue& queue, const std::string& client, const std::string& name,
                                std::uint64_t job_bytes = 1) {
    return submit(queue, client, job_bytes, [this, name] {
      const std::lock_guard lock(mutex_);
      order_.push_back(name);
    });
  }
  void note(GivenUp why) {
    const std::lock_guard lock(mutex_);
    given_up_.push_back(why);
  }
  std::vector<std::string> order() {
    const std::lock_guard lock(mutex_);
    return order_;
  }

  std::latch go_{1};
  std::mutex mutex_;
  std::vector<std::string> order_;
  std::vector<GivenUp> given_up_;
};

TEST_F(RunQueueTest, TakesClientsInTurnHoweverManyRunsOneHas) {
  RunQueue queue(one_at_a_time);
  ASSERT_TRUE(queue.start());
  occupy(queue);
  for (const char* const name : {"a1", "a2", "a3", "a4"}) submit_named(queue, "a", name);
  const auto b1 = submit_named(queue, "b", "b1");
  const auto b2 = submit_named(queue, "b", "b2");
  EXPECT_EQ(queue.ahead_of(b1), 1U);
  EXPECT_EQ(queue.ahead_of(b2), 3U);
  let_go();
  ASSERT_TRUE(queue.wait_until_idle(30s));
  EXPECT_THAT(order(), ElementsAre("a1", "b1", "a2", "b2", "a3", "a4"));
  EXPECT_EQ(queue.ahead_of(b2), 0U);
}

TEST_F(RunQueueTest, HoldsItsBoundsAtTheBoundAndPastIt) {
  RunQueue queue(one_at_a_time);
  std::vector<RunQueue::Place> places;
  for (std::size_t i = 0; i < one_at_a_time.per_client_max; ++i) {
    auto place = queue.reserve("a");
    ASSERT_TRUE(place);
    places.push_back(std::move(*place));
  }
  const auto surplus = queue.reserve("a");
  ASSERT_FALSE(surplus);
  EXPECT_EQ(surplus.error().kind, ProblemKind::too_many_runs);
  // Another client still gets in, up to the bound of all.
  for (std::size_t i = places.size(); i < one_at_a_time.runs_max + one_at_a_time.waiting_max; ++i) {
    auto place = queue.reserve("b");
    ASSERT_TRUE(place);
    places.push_back(std::move(*place));
  }
  EXPECT_FALSE(queue.reserve("c"));
  places.pop_back();
  EXPECT_TRUE(queue.reserve("c"));
}

TEST_F(RunQueueTest, HoldsTheMemoryOfAllDatasetsTogether) {
  RunQueue queue(one_at_a_time);
  {
    auto first = queue.reserve("a");
    auto second = queue.reserve("b");
    ASSERT_TRUE(first && second);
    EXPECT_TRUE(first->hold(600));
    EXPECT_TRUE(first->hold(600));
    EXPECT_TRUE(second->hold(400));
    const auto too_much = second->hold(401);
    ASSERT_FALSE(too_much);
    EXPECT_EQ(too_much.error().kind, ProblemKind::unavailable);
    EXPECT_EQ(queue.load().dataset_bytes, 1000U);
  }
  EXPECT_EQ(queue.load().dataset_bytes, 0U);
}

// Goal: a job that needs much memory gets its turn. Method: two threads, and a large one between
// two small ones while a small one runs: nothing may start before the large one has.
TEST_F(RunQueueTest, LetsNobodyOvertakeALargeRun) {
  RunQueueLimits limits = one_at_a_time;
  limits.runs_max = 2;
  RunQueue queue(limits);
  ASSERT_TRUE(queue.start());
  occupy(queue);
  submit_named(queue, "a", "large", limits.job_bytes_max);
  submit_named(queue, "b", "small");
  EXPECT_FALSE(queue.wait_until_idle(50ms));
  EXPECT_EQ(queue.load().running, 1U);
  EXPECT_THAT(order(), testing::IsEmpty());
  let_go();
  ASSERT_TRUE(queue.wait_until_idle(30s));
  EXPECT_EQ(order().front(), "large");
  EXPECT_TRUE(queue.check_fits(limits.job_bytes_max));
  EXPECT_FALSE(queue.check_fits(limits.job_bytes_max + 1));
}

TEST_F(RunQueueTest, GivesUpWhatIsCancelledWhatIsLateAndWhatIsLeft) {
  RunQueueLimits limits = one_at_a_time;
  limits.wait_max = 20ms;
  RunQueue queue(limits);
  ASSERT_TRUE(queue.start());
  occupy(queue);
  const auto cancelled = submit_named(queue, "a", "cancelled");
  EXPECT_TRUE(queue.cancel(cancelled));
  EXPECT_FALSE(queue.cancel(cancelled));
  submit_named(queue, "a", "late");
  while (queue.load().waiting != 0) std::this_thread::sleep_for(1ms);
  let_go();
  EXPECT_TRUE(queue.wait_until_idle(30s));
  queue.stop();
  EXPECT_FALSE(queue.reserve("a"));
  EXPECT_THAT(order(), testing::IsEmpty());
  EXPECT_THAT(given_up_, ElementsAre(GivenUp::cancelled, GivenUp::waited_too_long));
}

TEST_F(RunQueueTest, GivesUpWhatWaitsWhenItStops) {
  RunQueue queue(one_at_a_time);
  submit_named(queue, "a", "never");
  queue.stop();
  EXPECT_THAT(given_up_, ElementsAre(GivenUp::server_stops));
  EXPECT_EQ(queue.load().waiting, 0U);
}

TEST(RateLimitTest, LetsABurstThroughAndThenAsManyAsItSays) {
  RateLimit limit(60);
  const RateLimit::Clock::time_point start{};
  for (int i = 0; i < 60; ++i) EXPECT_TRUE(limit.ask("a", start).allowed) << i;
  const auto refused = limit.ask("a", start);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.field(), R"("runs";r=0;t=1)");
  EXPECT_EQ(limit.policy_field(), R"("runs";q=60;w=60)");
  EXPECT_TRUE(limit.ask("b", start).allowed) << "another client has a bucket of its own";
  EXPECT_FALSE(limit.ask("a", start + 500ms).allowed);
  EXPECT_TRUE(limit.ask("a", start + 1s).allowed);
  EXPECT_FALSE(limit.ask("a", start + 1s).allowed);
}

TEST(RateLimitTest, RemembersABoundedNumberOfClients) {
  RateLimit limit(1);
  const RateLimit::Clock::time_point start{};
  EXPECT_TRUE(limit.ask("first", start).allowed);
  for (std::size_t i = 0; i < rate_clients_max; ++i) {
    EXPECT_TRUE(limit.ask(std::to_string(i), start + 1s).allowed);
  }
  EXPECT_TRUE(limit.ask("first", start + 2s).allowed) << "it was forgotten, the oldest of all";
  EXPECT_FALSE(limit.ask("7", start + 2s).allowed);
}

}  // namespace
}  // namespace mayfly::api
