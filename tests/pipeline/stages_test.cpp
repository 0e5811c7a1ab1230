#include "pipeline/stages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mayfly::pipeline {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

executor::ScriptFile stage_script(std::string name) {
  return {.name = std::move(name), .contents = {'x'}};
}

std::vector<std::string> names_of(const std::vector<Stage>& stages) {
  std::vector<std::string> names;
  for (const Stage& stage : stages) names.push_back(stage.name);
  return names;
}

TEST(StagesOf, ACommandIsOneStageAndLeavesNothing) {
  ExecutionRequest request;
  request.command = {"true"};
  request.scripts = {stage_script("main.c")};
  const auto stages = stages_of(request).value();
  EXPECT_THAT(names_of(stages), ElementsAre("run"));
  EXPECT_EQ(stages.front().spec.left_files, executor::LeftFiles::destroyed);
  EXPECT_EQ(stages.front().dataset, DatasetAccess::read);
}

TEST(StagesOf, ABuildComesFirstWithItsOwnLimitsAndWithoutTheDataset) {
  ExecutionRequest request;
  request.scripts = {stage_script("main.c")};
  request.tools = {"grep"};
  request.steps = {{"sh", "-c", "prepare"}};
  request.environment = {"A=1", "DATASET_PATH=/x"};
  request.limits.memory_bytes = 8 * 1024 * 1024;
  const auto stages = stages_of(request).value();
  ASSERT_THAT(names_of(stages), ElementsAre("build", "step_2", "run"));
  const Stage& build = stages[0];
  EXPECT_EQ(build.dataset, DatasetAccess::none);
  EXPECT_GT(build.spec.limits.memory_bytes, request.limits.memory_bytes);
  EXPECT_TRUE(build.spec.tools.empty()) << "a compiler is many programs";
  EXPECT_THAT(build.spec.environment, Contains("A=1"));
  EXPECT_THAT(build.spec.environment, Not(Contains(StartsWith("DATASET_PATH="))));
  for (const Stage* const stage : {&stages[1], &stages[2]}) {
    EXPECT_EQ(stage->dataset, DatasetAccess::read);
    EXPECT_EQ(stage->spec.limits.memory_bytes, request.limits.memory_bytes);
    EXPECT_THAT(stage->spec.tools, ElementsAre("grep"));
  }
  EXPECT_EQ(stages[1].spec.left_files, executor::LeftFiles::taken);
  EXPECT_EQ(stages[2].spec.left_files, executor::LeftFiles::destroyed);
}

TEST(StagesOf, GivesEveryStageThePolicyOfTheRequest) {
  ExecutionRequest request;
  request.scripts = {stage_script("main.cpp")};
  request.steps = {{"true"}};
  const auto policies_for = [&](std::string policy) {
    request.policy = std::move(policy);
    std::vector<std::string> policies;
    const std::vector<Stage> stages = stages_of(request).value();  // outlives the loop
    for (const Stage& stage : stages) policies.push_back(stage.spec.policy);
    return policies;
  };
  EXPECT_THAT(policies_for("default"), ElementsAre("default", "default", "default"));
  EXPECT_THAT(policies_for("java"), ElementsAre("java", "java", "java"));
  EXPECT_THAT(policies_for("language"), ElementsAre("c", "c", "c"));
  request.policy = "javaa";
  EXPECT_THAT(stages_of(request).error().message(), HasSubstr("policy: there is no policy"));
}

TEST(StagesOf, KnowsThePolicyOfEachLanguageAndSaysWhereThereIsNone) {
  ExecutionRequest request;
  request.policy = "language";
  for (const auto& [name, policy] :
       {std::pair{"main.py", "python"}, std::pair{"main.mjs", "node"},
        std::pair{"main.sh", "shell"}, std::pair{"main.c", "c"}, std::pair{"main.go", "go"},
        std::pair{"main.rs", "rust"}, std::pair{"Main.java", "java"}}) {
    request.scripts = {stage_script(name)};
    EXPECT_EQ(stages_of(request).value().back().spec.policy, policy);
  }
  request.scripts = {stage_script("main.pl")};
  EXPECT_THAT(stages_of(request).error().message(), HasSubstr("name a policy"));
  request.scripts = {stage_script("main.py")};
  request.command = {"python3", "main.py"};
  EXPECT_THAT(stages_of(request).error().message(), HasSubstr("name a policy"));
}

TEST(StagesOf, BoundsTheNumberOfSteps) {
  ExecutionRequest request;
  request.command = {"true"};
  request.steps.assign(steps_max, {"true"});
  EXPECT_TRUE(stages_of(request));
  request.steps.emplace_back(std::vector<std::string>{"true"});
  const auto refused = stages_of(request);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("steps: 17, at most 16"));
}

}  // namespace
}  // namespace mayfly::pipeline
