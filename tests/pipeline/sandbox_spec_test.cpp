#include "pipeline/sandbox_spec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

#include "executor/request.hpp"

namespace mayfly::pipeline {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ExecutionRequest request_with(std::vector<std::string> command) {
  ExecutionRequest request;
  request.command = std::move(command);
  return request;
}

executor::ScriptFile sized_script(std::string name, std::size_t bytes = 1) {
  return {.name = std::move(name), .contents = Bytes(bytes, 'x')};
}

TEST(SandboxSpec, EnvironmentIsFixedSortedAndCanBeExtended) {
  ExecutionRequest request = request_with({"true"});
  request.environment = {"TZ=Asia/Tokyo", "EXTRA=1"};
  const auto spec = sandbox_spec(request, request.command).value();
  EXPECT_TRUE(std::ranges::is_sorted(spec.environment));
  EXPECT_THAT(spec.environment, Contains("PYTHONHASHSEED=0"));
  EXPECT_THAT(spec.environment, Contains("TZ=Asia/Tokyo"));
  EXPECT_THAT(spec.environment, Contains("EXTRA=1"));
  EXPECT_EQ(std::ranges::count(spec.environment, "TZ=UTC"), 0);
}

TEST(SandboxSpec, DatasetPathIsOursAsSoonAsADatasetIsExpected) {
  ExecutionRequest request = request_with({"true"});
  request.environment = {"DATASET_PATH=/tmp"};
  EXPECT_TRUE(sandbox_spec(request, request.command))
      << "without a dataset it is a name like any other";
  request.dataset_format = "csv";
  const auto spec = sandbox_spec(request, request.command);
  ASSERT_FALSE(spec) << "found only once the dataset had been read";
  EXPECT_THAT(spec.error().message(), HasSubstr("DATASET_PATH is set by Mayfly"));
}

TEST(SandboxSpec, ToolsAreASet) {
  ExecutionRequest request = request_with({"true"});
  request.tools = {"python", "grep", "python"};
  EXPECT_THAT(sandbox_spec(request, request.command).value().tools, ElementsAre("grep", "python"));
}

TEST(SandboxSpec, RefusesEnvironmentWithoutNameOrValue) {
  for (const char* entry : {"", "=x", "NAME"}) {
    ExecutionRequest request = request_with({"true"});
    request.environment = {entry};
    EXPECT_FALSE(sandbox_spec(request, request.command)) << entry;
  }
}

TEST(SandboxSpec, RefusesScriptNamesThatLeaveTheWorkFolder) {
  for (const char* name : {"", "/etc/x", "../x", "a/../b", "a//b", "./a", "a/", "a\nb", "."}) {
    ExecutionRequest request = request_with({"true"});
    request.scripts = {sized_script(name)};
    const auto spec = sandbox_spec(request, request.command);
    ASSERT_FALSE(spec) << name;
    EXPECT_EQ(spec.error().code(), ErrorCode::malformed);
  }
  ExecutionRequest request = request_with({"true"});
  request.scripts = {sized_script("a/b.py"), sized_script("..a")};
  EXPECT_TRUE(sandbox_spec(request, request.command));
}

TEST(SandboxSpec, RefusesTwoScriptsOfOneName) {
  ExecutionRequest request = request_with({"true"});
  request.scripts = {sized_script("a"), sized_script("a")};
  EXPECT_THAT(sandbox_spec(request, request.command).error().message(), HasSubstr("two scripts"));
}

// One row per bound: a request at the bound passes, one past it is refused as a limit.
struct Bound {
  const char* name;
  void (*at)(ExecutionRequest&);
  void (*past)(ExecutionRequest&);
};

void many_scripts(ExecutionRequest& request, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    request.scripts.push_back(sized_script(std::to_string(i)));
}

const std::vector<Bound> bounds = {
    {"scripts", [](auto& r) { many_scripts(r, scripts_max); },
     [](auto& r) { many_scripts(r, scripts_max + 1); }},
    {"script bytes", [](auto& r) { r.scripts = {sized_script("a", scripts_bytes_max)}; },
     [](auto& r) { r.scripts = {sized_script("a", scripts_bytes_max), sized_script("b", 1)}; }},
    {"arguments", [](auto& r) { r.command.assign(command_parts_max, "x"); },
     [](auto& r) { r.command.assign(command_parts_max + 1, "x"); }},
    {"argument bytes", [](auto& r) { r.command = {std::string(command_bytes_max, 'x')}; },
     [](auto& r) { r.command = {std::string(command_bytes_max + 1, 'x')}; }},
    {"environment",
     [](auto& r) {
       for (std::size_t i = 0; i < environment_max; ++i) {
         r.environment.push_back("V" + std::to_string(i) + "=");
       }
     },
     [](auto& r) { r.environment.assign(environment_max + 1, "A=b"); }},
    {"assertions", [](auto& r) { r.assertions.resize(assertions_max); },
     [](auto& r) { r.assertions.resize(assertions_max + 1); }},
    {"nonce", [](auto& r) { r.nonce.resize(attest::nonce_bytes_max); },
     [](auto& r) { r.nonce.resize(attest::nonce_bytes_max + 1); }},
    {"script name",
     [](auto& r) { r.scripts = {sized_script(std::string(script_name_bytes_max, 'n'))}; },
     [](auto& r) { r.scripts = {sized_script(std::string(script_name_bytes_max + 1, 'n'))}; }},
};

TEST(SandboxSpec, EveryBoundHoldsAtAndPast) {
  for (const Bound& bound : bounds) {
    ExecutionRequest at = request_with({"true"});
    bound.at(at);
    const auto accepted = sandbox_spec(at, at.command);
    EXPECT_TRUE(accepted) << bound.name << ": " << accepted.error().message();
    ExecutionRequest past = request_with({"true"});
    bound.past(past);
    const auto refused = sandbox_spec(past, past.command);
    ASSERT_FALSE(refused) << bound.name;
    EXPECT_EQ(refused.error().code(), ErrorCode::limit) << bound.name;
  }
}

// The table is the executor's; what this machine cannot give is refused besides.
TEST(SandboxSpec, EveryLimitHoldsAtItsBoundsAndPast) {
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  for (const executor::LimitBound& bound : executor::limit_bounds) {
    const auto with = [&](std::int64_t value) {
      ExecutionRequest request = request_with({"true"});
      request.limits.*bound.limit = value;
      return sandbox_spec(request, request.command);
    };
    const bool is_files = bound.limit == &executor::Limits::open_files;
    const std::int64_t most =
        is_files
            ? static_cast<std::int64_t>(std::min(static_cast<rlim_t>(bound.most), files.rlim_max))
            : bound.most;
    EXPECT_TRUE(with(bound.least)) << bound.name;
    EXPECT_TRUE(with(most)) << bound.name;
    for (const std::int64_t outside : {bound.least - 1, bound.most + 1, most + 1}) {
      const auto refused = with(outside);
      ASSERT_FALSE(refused) << bound.name << " " << outside;
      EXPECT_EQ(refused.error().code(), ErrorCode::limit);
      EXPECT_THAT(refused.error().message(), HasSubstr("limits." + std::string(bound.name)));
    }
  }
}

}  // namespace
}  // namespace mayfly::pipeline
