// What a run may ask of a model, and what its certificate makes of what it asked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "certificate/canonical_json.hpp"
#include "pipeline/agent.hpp"
#include "pipeline/model_access.hpp"
#include "pipeline/model_record.hpp"
#include "pipeline/sandbox_spec.hpp"
#include "pipeline/trace.hpp"

namespace mayfly::pipeline {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

gateway::CallRecord call(std::string_view prompt, std::int64_t tokens, std::int64_t started_us) {
  gateway::CallRecord record;
  record.model_asked = "asked";
  record.model_served = "served";
  record.prompt_hash = crypto::sha256(bytes_of(prompt));
  record.usage = gateway::TokenUsage{.input = tokens};
  record.status = 200;
  record.started_us = started_us;
  return record;
}

ExecutionRequest agent_request() {
  ExecutionRequest request;
  request.llm = model_access_of("anthropic").value();
  request.llm->model = "m";
  request.llm->prompt = "look";
  return request;
}

TEST(AggregateCalls, CountsEqualCallsTogetherAndLeavesOutWhatNeverLeft) {
  gateway::CallRecord refused = call("a", 1, 0);
  refused.prompt_hash.reset();
  gateway::CallRecord silent = call("a", 1, 0);
  silent.usage.reset();
  silent.model_served.clear();
  const auto calls = aggregate_calls({call("a", 5, 1), refused, call("a", 5, 9), silent});
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].model, "asked");
  EXPECT_EQ(calls[0].tokens_used, 0);
  EXPECT_EQ(calls[1].model, "served");
  EXPECT_EQ(calls[1].count, 2);
}

TEST(AggregateCalls, StaysReadableHoweverManyAndHoweverLarge) {
  std::vector<gateway::CallRecord> many;
  for (int i = 0; i < 5000; ++i) {
    many.push_back(call(std::to_string(i), gateway::tokens_max * 3, i));
  }
  const auto calls = aggregate_calls(many);
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].count, 5000);
  EXPECT_LE(calls[0].tokens_used, (std::int64_t{1} << 53) - 1);
}

TEST(TraceRecorder, PutsCallsLastAsCanonicalEvents) {
  std::vector<std::string> lines;
  auto recorder =
      TraceRecorder::start({.disclosure_key = {}, .scripts = {}}, [&](std::string_view line) {
        lines.emplace_back(line);
      }).value();
  ASSERT_TRUE(recorder.add(executor::RunStarted{{1000}}));
  ASSERT_TRUE(recorder.add(executor::FileEvent{.at_us = 500, .path = "/x"}));
  gateway::CallRecord odd = call("late", 1, 1'000'900);
  odd.error_type = "\x1b[31m\xff";
  ASSERT_TRUE(std::move(recorder).finish({odd, call("early", 1, 1'000'100)}));
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_THAT(lines[0], HasSubstr("open-read"));
  EXPECT_THAT(lines[1], HasSubstr("\"at_us\":100,"));
  EXPECT_THAT(lines[2], HasSubstr("\"at_us\":900,"));
  for (const std::string& line : lines) {
    EXPECT_TRUE(certificate::check_canonical(bytes_of(line))) << line;
  }
}

TEST(AddAgent, MakesAJobOfAPrompt) {
  ExecutionRequest request = agent_request();
  request.tools = {"grep", "sqlite"};
  ASSERT_TRUE(add_agent(request));
  EXPECT_THAT(request.command, ElementsAre("python3", agent_script_name));
  EXPECT_THAT(request.tools, ElementsAre("grep", "python"));
  ASSERT_EQ(request.scripts.size(), 2U);
  EXPECT_EQ(text_of(request.scripts[1].contents),
            "{\"model\":\"m\",\"prompt\":\"look\",\"tools\":[\"grep\",\"sqlite\"],"
            "\"wire\":\"anthropic\"}\n");
  const auto spec = sandbox_spec(request, request.command).value();
  EXPECT_EQ(spec.loopback_port, gateway::job_port);
  EXPECT_THAT(spec.environment, Contains("ANTHROPIC_API_KEY=" + std::string(run_token_shown)));
  EXPECT_THAT(with_run_token(spec, "t").environment, Contains("OPENAI_API_KEY=t"));
}

TEST(AddAgent, RefusesWhatSaysTwoThings) {
  ExecutionRequest request = agent_request();
  request.command = {"true"};
  EXPECT_FALSE(add_agent(request));
  request = agent_request();
  request.scripts = {{.name = std::string(agent_script_name), .contents = {}}};
  EXPECT_FALSE(add_agent(request));
  request = agent_request();
  request.llm->model.clear();
  EXPECT_FALSE(add_agent(request));
}

TEST(CheckModelAccess, HoldsAtItsBoundsAndPast) {
  ExecutionRequest request = agent_request();
  request.llm->prompt.assign(prompt_bytes_max, 'p');
  EXPECT_TRUE(check_model_access(*request.llm));
  request.llm->prompt.push_back('p');
  EXPECT_FALSE(check_model_access(*request.llm));
  request = agent_request();
  request.llm->budget.calls = 0;
  EXPECT_FALSE(check_model_access(*request.llm));
}

TEST(SandboxSpec, KeepsTheVariablesOfAModelForTheGateway) {
  ExecutionRequest request = agent_request();
  ASSERT_TRUE(add_agent(request));
  request.environment = {"OPENAI_BASE_URL=http://x.test"};
  EXPECT_FALSE(sandbox_spec(request, request.command));
  request.llm.reset();
  EXPECT_TRUE(sandbox_spec(request, request.command));
}

}  // namespace
}  // namespace mayfly::pipeline
