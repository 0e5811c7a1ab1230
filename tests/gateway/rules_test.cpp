// What may leave, what it may cost, and what comes back of the key.
#include <gtest/gtest.h>

#include "gateway/budget.hpp"
#include "gateway/call_record.hpp"
#include "gateway/call_rules.hpp"
#include "gateway/json_view.hpp"
#include "gateway/key_scrub.hpp"
#include "gateway/settings.hpp"
#include "gateway/upstream.hpp"

namespace mayfly::gateway {
namespace {

constexpr Endpoint messages{"POST", "/v1/messages", Wire::anthropic, Operation::generate};

TEST(CallRules, ChangesOnlyWhatItMust) {
  const std::string body = R"( {"messages":[{"role":"user","content":"max_tokens\":9"}],)"
                           R"("max_tokens" : 900,"model":"m"} )";
  const auto call = check_call(messages, body, {});
  ASSERT_TRUE(call);
  EXPECT_EQ(outgoing_body(messages, body, *call, 900), body);
  std::string clamped = body;
  clamped.replace(clamped.find("900"), 3, "7");
  EXPECT_EQ(outgoing_body(messages, body, *call, 7), clamped);
}

TEST(CallRules, WhatIsAddedIsJsonAgain) {
  constexpr Endpoint chat{"POST", "/v1/chat/completions", Wire::openai_chat, Operation::generate};
  for (const std::string_view body :
       {R"({"model":"m","stream":true,"messages":[]})",
        R"({"stream_options":{"a":[1]},"model":"m","stream":true,"store":true})",
        R"({"stream_options":null,"stream":true,"max_tokens":null,"model":"m"})"}) {
    const auto call = check_call(chat, body, {});
    ASSERT_TRUE(call) << body;
    const std::string out = outgoing_body(chat, body, *call, 5);
    const auto json = JsonView::parse(out);
    ASSERT_TRUE(json) << out;
    EXPECT_EQ(json->member("stream_options")->member("include_usage")->boolean(), true) << out;
    const auto bound = json->member("max_tokens") ? json->integer_member("max_tokens")
                                                  : json->integer_member("max_completion_tokens");
    EXPECT_EQ(bound, 5) << out;
    EXPECT_FALSE(json->member("store") && json->member("store")->boolean() != false) << out;
  }
}

Reservation granted(std::variant<Reservation, OverBudget> decided) {
  EXPECT_TRUE(std::holds_alternative<Reservation>(decided));
  return std::get<Reservation>(decided);
}
std::string_view limit_of(std::variant<Reservation, OverBudget> decided) {
  const auto* over = std::get_if<OverBudget>(&decided);
  return over == nullptr ? "none" : over->limit;
}

TEST(Budget, SetsAsideBeforeAndSettlesAfter) {
  Budget budget({.output_tokens = 100});
  const Reservation first = granted(budget.reserve(300, 80, 0));
  EXPECT_EQ(first.output_tokens, 80);
  EXPECT_EQ(first.input_tokens, 101);
  EXPECT_EQ(granted(budget.reserve(300, 80, 0)).output_tokens, 20);
  EXPECT_EQ(limit_of(budget.reserve(300, 80, 0)), "output_tokens");
  budget.settle(first, TokenUsage{.input = 5, .output = 10});
  EXPECT_EQ(granted(budget.reserve(300, std::nullopt, 0)).output_tokens, 70);
  EXPECT_TRUE(budget.limits_hit().contains("output_tokens"));
}

TEST(Budget, EveryLimitIsReachedAtItsValue) {
  EXPECT_EQ(limit_of(Budget({.wall_ms = 10}).reserve(1, 1, 9)), "none");
  EXPECT_EQ(limit_of(Budget({.wall_ms = 10}).reserve(1, 1, 10)), "wall");
  EXPECT_EQ(limit_of(Budget({.input_tokens = 101}).reserve(300, 1, 0)), "none");
  EXPECT_EQ(limit_of(Budget({.input_tokens = 100}).reserve(300, 1, 0)), "input_tokens");
  EXPECT_EQ(limit_of(Budget({.total_tokens = 102}).reserve(300, 9, 0)), "none");
  EXPECT_EQ(limit_of(Budget({.total_tokens = 101}).reserve(300, 9, 0)), "total_tokens");
  Budget calls({.calls = 1});
  EXPECT_EQ(limit_of(calls.reserve(1, 0, 0)), "none");
  EXPECT_EQ(limit_of(calls.reserve(1, 0, 0)), "calls");
  const CostLimit cost{.cost_microusd = 1'000'000,
                       .input_microusd_per_million_tokens = 1'000'000'000'000,
                       .output_microusd_per_million_tokens = 0};
  EXPECT_EQ(limit_of(Budget({.cost = cost}).reserve(0, 1, 0)), "none");
  EXPECT_EQ(limit_of(Budget({.cost = cost}).reserve(3, 1, 0)), "cost");
}

// Numbers of a provider that lies: no overflow, and the budget is spent rather than refilled.
TEST(Budget, SurvivesTheLargestNumbers) {
  const CostLimit cost{budget_value_max, budget_value_max, budget_value_max};
  Budget budget({.calls = budget_value_max,
                 .input_tokens = budget_value_max,
                 .output_tokens = budget_value_max,
                 .total_tokens = budget_value_max,
                 .output_tokens_per_call = budget_value_max,
                 .wall_ms = budget_value_max,
                 .cost = cost});
  const Reservation first = granted(budget.reserve(3, 1, 0));
  budget.settle(first, TokenUsage{.input = tokens_max, .output = tokens_max});
  EXPECT_NE(limit_of(budget.reserve(3, 1, 0)), "none");
}

TEST(ScrubKey, LeavesNoRunOfTheKey) {
  const std::string key = "abcdefghijklmnopqrstuvwxyz";
  EXPECT_EQ(scrub_key("x abcdefgh y", bytes_of(key)), "x [key] y");
  EXPECT_EQ(scrub_key("x tuvwxyz y", bytes_of(key)), "x [key] y");
  EXPECT_EQ(scrub_key("x vwxyz y", bytes_of(key)), "x vwxyz y");
  EXPECT_EQ(scrub_key("sk-proj-12****89.", bytes_of(key)), "[key]");
  EXPECT_EQ(scrub_key("plain ask-me", {}), "plain ask-me");
}

TEST(CallRecord, ComesBackAsItWasWritten) {
  CallRecord record;
  record.seq = 3;
  record.wire = Wire::openai_responses;
  record.model_asked = "a \"model\"";
  record.prompt_hash = crypto::sha256(bytes_of("p"));
  record.usage = TokenUsage{1, 2, 3, 4, 5};
  record.status = 200;
  record.complete = true;
  const std::string text = encode_record(record);
  const auto decoded = decode_record(text);
  ASSERT_TRUE(decoded) << text;
  EXPECT_EQ(encode_record(*decoded), text);
  EXPECT_EQ(decoded->usage, record.usage);
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(decode_record(std::string_view(text).substr(0, length))) << length;
  }
}

TEST(Settings, ComeBackAsTheyWereWritten) {
  Settings settings;
  settings.url = "https://api.example.test";
  settings.wires = {Wire::anthropic, Wire::openai_chat};
  settings.run_token = "t";
  settings.models = {"m"};
  settings.budget.cost = CostLimit{1, 2, 3};
  const auto decoded = decode_settings(encode_settings(settings));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(encode_settings(*decoded), encode_settings(settings));
  EXPECT_EQ(decoded->budget, settings.budget);
}

TEST(CheckBudget, EveryLimitHoldsAtItsBoundsAndPast) {
  for (const BudgetField& field : budget_fields) {
    BudgetLimits limits;
    for (const std::int64_t good : {std::int64_t{1}, budget_value_max}) {
      limits.*(field.member) = good;
      EXPECT_TRUE(check_budget(limits)) << field.name;
    }
    for (const std::int64_t bad : {std::int64_t{0}, budget_value_max + 1}) {
      limits.*(field.member) = bad;
      EXPECT_FALSE(check_budget(limits)) << field.name;
    }
  }
}

TEST(ParseUpstream, TakesOffTheVersionThatSomeLibrariesWant) {
  for (const std::string_view url : {"https://h.test/v1", "https://h.test/v1/", "https://h.test"}) {
    const auto to = parse_upstream(url, "");
    ASSERT_TRUE(to) << url;
    EXPECT_EQ(to->path_prefix, "");
    EXPECT_EQ(to->authority(), "h.test");
  }
  EXPECT_EQ(parse_upstream("https://h.test:8443/api/v1", "")->path_prefix, "/api");
  EXPECT_EQ(parse_upstream("http://[::1]:80", "")->authority(), "[::1]");
}

TEST(ParseUpstream, RefusesToSpeakPlainlyToAnotherMachine) {
  EXPECT_TRUE(parse_upstream("http://127.0.0.1:8000/v1", ""));
  EXPECT_TRUE(parse_upstream("http://localhost:8000", ""));
  for (const std::string_view url : {"http://10.0.0.1", "http://127.0.0.1.test", "http://[::2]",
                                     "http://localhost.test", "http://localhost@x.test"}) {
    EXPECT_FALSE(parse_upstream(url, "")) << url;
  }
}

}  // namespace
}  // namespace mayfly::gateway
