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

std::vector<certificate::FileOp> aggregate_files(const std::vector<FileEvent>& events,
                                                 const crypto::Sha256& with) {
  FileOps ops(with);
  for (const FileEvent& one : events) ops.add(one);
  return std::move(ops).finish();
}

std::vector<certificate::NetworkCall> aggregate_addresses(
    const std::vector<FileEvent>& events, std::optional<std::uint16_t> port = std::nullopt) {
  Addresses addresses(port);
  for (const FileEvent& one : events) addresses.add(one);
  return std::move(addresses).finish();
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
  std::ranges::reverse(events);
  EXPECT_EQ(aggregate_files(events, key).front().path_hash, ops.front().path_hash)
      << "whatever order chance gave them";
  events.back().path += "x";
  EXPECT_NE(aggregate_files(events, key).front().path_hash, ops.front().path_hash);
}

// Goal: which entries were told apart first does not matter. Method: the same ones, some of them
// often, in two orders.
TEST(AggregateFiles, MergesTheSameWhateverCameFirst) {
  std::vector<FileEvent> events;
  for (int i = 0; i < 9000; ++i) {
    events.push_back(
        event(i % 2 == 0 ? FileCall::create : FileCall::read, "/work/" + std::to_string(i % 6000)));
  }
  const auto first = aggregate_files(events, key);
  ASSERT_EQ(first.size(), 2U);
  std::ranges::sort(events, {}, &FileEvent::path);
  EXPECT_TRUE(std::ranges::equal(aggregate_files(events, key), first, same));
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
  ASSERT_EQ(calls.size(), 1U) << "which of them came first is chance";
  EXPECT_EQ(calls.front().destination, "*");
  EXPECT_EQ(calls.front().count, 3000);
  events.push_back(event(FileCall::connect, "inet 127.0.0.1:8787"));
  const auto with_allowed = aggregate_addresses(events, 8787);
  ASSERT_EQ(with_allowed.size(), 2U);
  EXPECT_EQ(with_allowed.back().destination, "127.0.0.1:8787");
  EXPECT_EQ(with_allowed.back().verdict, "allowed");
}

TEST(FilesUsed, CountsEachImageFileOnceAndNothingTheJobWrote) {
  const auto digest = crypto::sha256(bytes_of("a program"));
  executor::RunReport report;
  report.files.image_files = {{"/usr/bin/grep", digest, 10},
                              {"/usr/bin/grep", digest, 10},
                              {"/usr/lib/libc.so.6", digest, 10},
                              {"/work/ld.so", digest, 10}};
  const auto used = files_used(report);
  ASSERT_TRUE(used);
  EXPECT_EQ(used->count, 2);
  report.files.image_files[2].digest = crypto::sha256(bytes_of("another"));
  EXPECT_NE(files_used(report)->root, used->root);
}

}  // namespace
}  // namespace mayfly::pipeline
