// The bounds of a request, each at the bound and one past it.
#include "executor/request.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <functional>

#include "executor/root_fs.hpp"

namespace mayfly::executor {
namespace {

RunRequest minimal() {
  RunRequest request;
  request.spec.argv = {"true"};
  return request;
}

using Change = std::function<void(RunRequest&)>;

void expect_bound(const Change& at, const Change& past, ErrorCode code) {
  RunRequest request = minimal();
  at(request);
  const auto checked = check_request(request);
  EXPECT_TRUE(checked) << checked.error().message();
  request = minimal();
  past(request);
  const auto refused = check_request(request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), code) << refused.error().message();
}

TEST(CheckRequest, Strings) {
  expect_bound([](auto& r) { r.spec.argv.resize(arguments_max, "x"); },
               [](auto& r) { r.spec.argv.resize(arguments_max + 1, "x"); }, ErrorCode::limit);
  expect_bound([](auto& r) { r.spec.argv[0].assign(argument_bytes_max, 'x'); },
               [](auto& r) { r.spec.argv[0].assign(argument_bytes_max + 1, 'x'); },
               ErrorCode::limit);
  expect_bound([](auto& r) { r.spec.environment.assign(environment_max, "A=1"); },
               [](auto& r) { r.spec.environment.assign(environment_max + 1, "A=1"); },
               ErrorCode::limit);
  expect_bound([](auto& r) { r.spec.environment = {"A="}; },
               [](auto& r) { r.spec.environment = {"A"}; }, ErrorCode::malformed);
  expect_bound([](auto& r) { r.spec.environment = {"A==1"}; },
               [](auto& r) { r.spec.environment = {"=1"}; }, ErrorCode::malformed);
  expect_bound([](auto& r) { r.spec.tools.assign(tools_max, "python"); },
               [](auto& r) { r.spec.tools.assign(tools_max + 1, "python"); }, ErrorCode::limit);
  expect_bound([](auto& r) { r.spec.argv = {"x", ""}; }, [](auto& r) { r.spec.argv = {"", "x"}; },
               ErrorCode::malformed);
  expect_bound([](auto&) {}, [](auto& r) { r.spec.argv = {std::string("a\0b", 3)}; },
               ErrorCode::malformed);
}

TEST(CheckRequest, Files) {
  expect_bound(
      [](auto& r) {
        for (std::size_t i = 0; i < scripts_max; ++i) {
          r.spec.scripts.push_back({std::to_string(i), {}});
        }
      },
      [](auto& r) {
        for (std::size_t i = 0; i <= scripts_max; ++i) {
          r.spec.scripts.push_back({std::to_string(i), {}});
        }
      },
      ErrorCode::limit);
  expect_bound([](auto& r) { r.spec.scripts = {{"a", Bytes(script_bytes_max)}}; },
               [](auto& r) { r.spec.scripts = {{"a", Bytes(script_bytes_max)}, {"b", {0}}}; },
               ErrorCode::limit);
  expect_bound([](auto& r) { r.spec.scripts = {{"a", {}}, {"b", {}}}; },
               [](auto& r) { r.spec.scripts = {{"a", {}}, {"a", {}}}; }, ErrorCode::malformed);
  expect_bound([](auto& r) { r.dataset_names = {"a", "b"}; },
               [](auto& r) { r.dataset_names = {"a", "a"}; }, ErrorCode::malformed);
  expect_bound(
      [](auto& r) {
        for (std::size_t i = 0; i < dataset_files_max; ++i) {
          r.dataset_names.push_back(std::to_string(i));
        }
      },
      [](auto& r) {
        for (std::size_t i = 0; i <= dataset_files_max; ++i) {
          r.dataset_names.push_back(std::to_string(i));
        }
      },
      ErrorCode::limit);
}

TEST(CheckRequest, Names) {
  for (const char* good : {"a", "a/b", "..a", "a..", ".a/...", "a b", "\xff"}) {
    EXPECT_TRUE(check_file_name(good, "name")) << good;
  }
  for (const char* bad : {"", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "/"}) {
    const auto refused = check_file_name(bad, "name");
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code(), ErrorCode::malformed);
  }
  EXPECT_FALSE(check_file_name(std::string("a\0b", 3), "name"));
  EXPECT_TRUE(check_file_name(std::string(name_part_bytes_max, 'x'), "name"));
  EXPECT_FALSE(check_file_name(std::string(name_part_bytes_max + 1, 'x'), "name"));
  std::string path = "a";
  while (path.size() + 2 <= file_name_bytes_max) path += "/a";
  path.resize(file_name_bytes_max, 'a');
  EXPECT_TRUE(check_file_name(path, "name"));
  EXPECT_FALSE(check_file_name(path + "a", "name"));
}

TEST(CheckRequest, Limits) {
  for (const LimitBound& bound : limit_bounds) {
    SCOPED_TRACE(bound.name);
    expect_bound([&](auto& r) { r.spec.limits.*bound.limit = bound.least; },
                 [&](auto& r) { r.spec.limits.*bound.limit = bound.least - 1; }, ErrorCode::limit);
    expect_bound([&](auto& r) { r.spec.limits.*bound.limit = bound.most; },
                 [&](auto& r) { r.spec.limits.*bound.limit = bound.most + 1; }, ErrorCode::limit);
  }
}

TEST(CheckLimits, NamesTheLimitAndItsBounds) {
  Limits limits;
  limits.cpu_ms = limit_cpu_ms_max + 1;
  EXPECT_EQ(check_limits(limits).error().message(),
            "limits.cpu_ms is 604800001; it must be 1 to 604800000");
}

// Goal: what a certificate names is in force. Method: this process's own hard limits, lowered.
TEST(CheckHardLimits, RefusesWhatThisProcessMayNotGive) {
  struct Row {
    __rlimit_resource resource;
    rlim_t hard;
    std::int64_t Limits::* limit;
    std::int64_t at;
    std::int64_t past;
    const char* way_out;
  };
  for (const Row& row :
       {Row{RLIMIT_NOFILE, 2000, &Limits::open_files, 2000, 2001, "ulimit -Hn"},
        Row{RLIMIT_FSIZE, 1 << 30, &Limits::disk_bytes, 1 << 30, (1 << 30) + 1, "ulimit -Hf"},
        Row{RLIMIT_CPU, 7200, &Limits::cpu_ms, 7'200'000, 7'201'000, "ulimit -Ht"}}) {
    const rlimit lowered{row.hard, row.hard};
    ASSERT_EQ(::setrlimit(row.resource, &lowered), 0);
    Limits limits;
    limits.*row.limit = row.at;
    EXPECT_TRUE(check_hard_limits(limits));
    limits.*row.limit = row.past;
    const auto refused = check_hard_limits(limits);
    ASSERT_FALSE(refused) << row.way_out;
    EXPECT_EQ(refused.error().code(), ErrorCode::limit);
    const std::string& message = refused.error().message();
    EXPECT_NE(message.find(std::to_string(row.hard)), std::string::npos) << message;
    EXPECT_NE(message.find(row.way_out), std::string::npos) << message;
  }
}

// tmpfs takes 0 for "no limit": a job that may write nothing must not get everything.
TEST(ScratchSizeTest, IsNeverUnlimited) {
  RunRequest request = minimal();
  request.spec.limits.disk_bytes = 0;
  request.spec.limits.disk_inodes = 0;
  const ScratchSize size = scratch_size(request);
  EXPECT_EQ(size.bytes, 4096U);
  EXPECT_GT(size.inodes, 0U);
}

TEST(ScratchSizeTest, ScriptsComeOnTop) {
  RunRequest request = minimal();
  const ScratchSize without = scratch_size(request);
  request.spec.scripts = {{"a", Bytes(1)}, {"d/e/f", Bytes(4097)}};
  const ScratchSize with = scratch_size(request);
  EXPECT_EQ(with.bytes - without.bytes, 3U * 4096U);
  EXPECT_EQ(with.inodes - without.inodes, 4U);  // two files, two directories
}

}  // namespace
}  // namespace mayfly::executor
