#include "pipeline/file_summary.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

namespace mayfly::pipeline {
namespace {

using executor::FileCall;
using executor::FileEvent;

const crypto::Sha256 key = crypto::sha256(bytes_of("a dataset"));

FileEvent event(FileCall call, std::string path, int error = 0, std::string second = "") {
  return {.at_us = 0,
          .pid = 2,
          .call = call,
          .error = error,
          .path = std::move(path),
          .second = std::move(second)};
}

certificate::FileOp op(std::string name, std::string_view path, std::int64_t count) {
  return {std::move(name), keyed_hash(path, key), count};
}

bool same(const certificate::FileOp& a, const certificate::FileOp& b) {
  return a.op == b.op && a.path_hash == b.path_hash && a.count == b.count;
}

bool has(const std::vector<certificate::FileOp>& ops, const certificate::FileOp& wanted) {
  return std::ranges::any_of(ops, [&](const auto& one) { return same(one, wanted); });
}

TEST(AggregateFiles, CountsWhatWasDoneByWhatItWasDoneTo) {
  const auto ops = aggregate_files(
      {event(FileCall::read, "/data/x.csv"), event(FileCall::read, "/data/x.csv"),
       event(FileCall::create, "/work/a"), event(FileCall::rename, "/work/a", 0, "/work/b"),
       event(FileCall::bind, "unix /work/s"), event(FileCall::write, "/usr/bin/sh", EROFS),
       event(FileCall::write, "/work/locked", EACCES)},
      key);
  EXPECT_TRUE(has(ops, op("read", "/data/x.csv", 2)));
  EXPECT_TRUE(has(ops, op("create", "/work/a", 1)));
  EXPECT_TRUE(has(ops, op("remove", "/work/a", 1)));
  EXPECT_TRUE(has(ops, op("create", "/work/b", 1)));
  EXPECT_TRUE(has(ops, op("create", "/work/s", 1)));
  EXPECT_TRUE(has(ops, op("denied", "/work/locked", 1)));
  EXPECT_EQ(ops.size(), 6U);
}

// Goal: nothing of one run's chance reaches the claim. Method: other order, times, pids and drawn
// names; and what the image and the kernel are asked for.
TEST(AggregateFiles, ChanceDoesNotMatter) {
  std::vector<FileEvent> events = {event(FileCall::create, "/tmp/ab12/x"),
                                   event(FileCall::create, "/dev/shm/q9"),
                                   event(FileCall::read, "/work/main.py")};
  const auto first = aggregate_files(events, key);
  std::ranges::reverse(events);
  events[2].path = "/tmp/zz99/y";
  events[1].path = "/dev/shm/r7";
  events[0].at_us = 17;
  events[0].pid = 99;
  for (const char* path : {"/usr/lib/x.so", "/etc/hosts", "/proc/77/maps", "/dev/null"}) {
    events.push_back(event(FileCall::read, path));
  }
  events.push_back(event(FileCall::read, "/work/none", ENOENT));
  const auto second = aggregate_files(events, key);
  EXPECT_TRUE(std::ranges::equal(first, second, same));
}

TEST(AggregateFiles, StaysReadableHoweverManyFiles) {
  std::vector<FileEvent> events;
  for (int i = 0; i < 5000; ++i) {
    events.push_back(event(FileCall::create, "/work/" + std::to_string(i)));
  }
  const auto ops = aggregate_files(events, key);
  ASSERT_EQ(ops.size(), 1U);
  EXPECT_EQ(ops.front().count, 5000);
  events.back().path += "x";
  EXPECT_NE(aggregate_files(events, key).front().path_hash, ops.front().path_hash);
}

TEST(AggregateAddresses, NamesEveryDestinationThatWasAskedFor) {
  const auto calls =
      aggregate_addresses({event(FileCall::connect, "inet 192.0.2.1:80", ENETUNREACH),
                           event(FileCall::connect, "inet 192.0.2.1:80", ENETUNREACH),
                           event(FileCall::connect, "inet6 [2001:db8::1]:443", ENETUNREACH),
                           event(FileCall::connect, "unix /work/s")});
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].destination, "192.0.2.1:80");
  EXPECT_EQ(calls[0].count, 2);
  EXPECT_EQ(calls[0].verdict, "denied");
  EXPECT_EQ(calls[1].destination, "[2001:db8::1]:443");
}

// Also to the one address that may be connected to: only a connection gets there.
TEST(AggregateAddresses, ADatagramIsDenied) {
  const auto calls = aggregate_addresses({event(FileCall::connect, "inet 127.0.0.1:80"),
                                          event(FileCall::send, "inet 127.0.0.1:80", ENETUNREACH),
                                          event(FileCall::send, "unix /work/s")},
                                         80);
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].destination, "127.0.0.1:80");
  EXPECT_EQ(calls[0].verdict, "allowed");
  EXPECT_EQ(calls[1].destination, "127.0.0.1:80");
  EXPECT_EQ(calls[1].verdict, "denied");
}

TEST(AggregateAddresses, StaysReadableHoweverMany) {
  std::vector<FileEvent> events;
  for (int i = 0; i < 3000; ++i) {
    events.push_back(event(FileCall::connect, "inet 192.0.2.1:" + std::to_string(i), ENETUNREACH));
  }
  const auto calls = aggregate_addresses(events);
  EXPECT_LE(calls.size(), 1025U);
  std::int64_t all = 0;
  for (const auto& call : calls) all += call.count;
  EXPECT_EQ(all, 3000);
}

TEST(FilesUsed, CountsEachImageFileOnceAndNothingTheJobWrote) {
  const auto digest = crypto::sha256(bytes_of("a program"));
  const auto executed = [&](const char* path) {
    executor::ExecEvent made;
    made.path = path;
    made.digest = digest;
    made.size_bytes = 10;
    return made;
  };
  executor::RunReport report;
  report.executions = {executed("/usr/bin/grep"), executed("/usr/bin/grep"), executed("/work/fnv")};
  report.files.image_files = {{"/usr/bin/grep", digest, 10},
                              {"/usr/lib/libc.so.6", digest, 10},
                              {"/work/ld.so", digest, 10}};
  const auto used = files_used(report);
  ASSERT_TRUE(used);
  EXPECT_EQ(used->count, 2);
  report.files.image_files[1].digest = crypto::sha256(bytes_of("another"));
  EXPECT_NE(files_used(report)->root, used->root);
}

}  // namespace
}  // namespace mayfly::pipeline
