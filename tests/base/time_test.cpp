#include "base/time.hpp"

#include <gtest/gtest.h>

namespace mayfly {
namespace {

TEST(ToRfc3339, WritesUtcWithMilliseconds) {
  EXPECT_EQ(to_rfc3339({0}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339({1772366400123}), "2026-03-01T12:00:00.123Z");
  EXPECT_EQ(to_rfc3339({951782400000}), "2000-02-29T00:00:00.000Z");
}

TEST(ToRfc3339, ClampsToTheYearsItCanWrite) {
  EXPECT_EQ(to_rfc3339({-1}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339({253402300799999}), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(to_rfc3339({253402300800000}), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(to_rfc3339({INT64_MAX}), "9999-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace mayfly
