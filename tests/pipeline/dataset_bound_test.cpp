#include "pipeline/dataset_bound.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mayfly::pipeline {
namespace {

std::string meminfo(std::uint64_t kib) {
  return "MemTotal:       99999999 kB\nMemFree:          123456 kB\nMemAvailable:   " +
         std::to_string(kib) + " kB\nBuffers: 1 kB\n";
}

TEST(DatasetBytesThatFit, IsThreeQuartersOfWhatIsAvailable) {
  EXPECT_EQ(dataset_bytes_that_fit(meminfo(4)).value(), 3 * 1024U);
  EXPECT_EQ(dataset_bytes_that_fit(meminfo(4 << 20)).value(), std::uint64_t{3} << 30);
}

TEST(DatasetBytesThatFit, IsNeverMoreThanTheDefaultBound) {
  const std::uint64_t enough_kib = dataset_bytes_default_max / 3 * 4 / 1024 + 4;
  EXPECT_EQ(dataset_bytes_that_fit(meminfo(enough_kib)).value(), dataset_bytes_default_max);
  EXPECT_EQ(dataset_bytes_that_fit(meminfo(enough_kib * 100)).value(), dataset_bytes_default_max);
}

TEST(DatasetBytesThatFit, SaysWhichFlagToGiveWhenTheMachineDoesNotTell) {
  for (const std::string& text :
       {std::string(), std::string("MemAvailable:"), std::string("MemAvailable:   x kB"),
        std::string("MemAvailable: 99999999999999999999 kB"),
        std::string("MemAvailable: 18446744073709551615 kB")}) {
    const auto unknown = dataset_bytes_that_fit(text);
    ASSERT_FALSE(unknown) << text;
    EXPECT_EQ(unknown.error().code(), ErrorCode::unavailable);
    EXPECT_NE(unknown.error().message().find("--dataset-max"), std::string::npos);
  }
}

TEST(DefaultDatasetBytesMax, IsKnownHere) {
  const auto bytes = default_dataset_bytes_max();
  ASSERT_TRUE(bytes) << bytes.error().message();
  EXPECT_GT(*bytes, 0U);
}

}  // namespace
}  // namespace mayfly::pipeline
