#include "pipeline/result_reading.hpp"

#include <gtest/gtest.h>

namespace mayfly::pipeline {
namespace {

TEST(ReadResult, LastLineWinsWhenItIsJson) {
  const ReadResult read = read_result(bytes_of("progress 1\nprogress 2\n{\"b\": 2, \"a\": 1}\n\n"));
  EXPECT_EQ(text_of(read.raw), "{\"b\": 2, \"a\": 1}");
  EXPECT_EQ(read.media_type, "application/json");
  EXPECT_EQ(read.value, "{\"a\":1,\"b\":2}");
}

TEST(ReadResult, AnythingElseIsTheWholeOutput) {
  const ReadResult read = read_result(bytes_of("one\ntwo\n"));
  EXPECT_EQ(text_of(read.raw), "one\ntwo\n");
  EXPECT_EQ(read.media_type, "text/plain; charset=utf-8");
  EXPECT_FALSE(read.value);
}

// What seems the last line was not the job's last one, even if it is JSON.
TEST(ReadResult, OfAnOutputThatWasCutIsWhatWasKept) {
  const ReadResult read = read_result(bytes_of("x\n{\"a\":1}\n"), Stdout::cut);
  EXPECT_EQ(text_of(read.raw), "x\n{\"a\":1}\n");
  EXPECT_EQ(read.media_type, "text/plain; charset=utf-8");
  EXPECT_FALSE(read.value);
}

TEST(ReadResult, DuplicateKeysAreNoJson) {
  const ReadResult read = read_result(bytes_of("{\"a\":1,\"a\":2}"));
  EXPECT_FALSE(read.value);
  EXPECT_EQ(read.media_type, "text/plain; charset=utf-8");
}

TEST(ReadResult, BinaryIsNamedAsSuch) {
  EXPECT_EQ(read_result(bytes_of("\xff\xfe")).media_type, "application/octet-stream");
}

TEST(ReadResult, NothingIsAnEmptyText) {
  EXPECT_TRUE(read_result({}).raw.empty());
  EXPECT_EQ(text_of(read_result(bytes_of("\n\n")).raw), "\n\n");
}

}  // namespace
}  // namespace mayfly::pipeline
