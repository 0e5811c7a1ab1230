#include "cli/appraisal_time.hpp"

#include <gtest/gtest.h>

namespace mayfly::cli {
namespace {

TEST(ParseAppraisalTime, ReadsBothForms) {
  EXPECT_EQ(parse_appraisal_time("2026-03-01T12:00:00Z")->value, 1'772'366'400'000);
  EXPECT_EQ(parse_appraisal_time("1772366400000")->value, 1'772'366'400'000);
  EXPECT_EQ(parse_appraisal_time("2026-03-01T12:00:00.5Z")->value, 1'772'366'400'500);
  EXPECT_EQ(parse_appraisal_time("2026-03-01T12:00:00.007Z")->value, 1'772'366'400'007);
  EXPECT_EQ(parse_appraisal_time("2026-03-01T14:30:00+02:30")->value, 1'772'366'400'000);
  EXPECT_EQ(parse_appraisal_time("2026-03-01T07:00:00-05:00")->value, 1'772'366'400'000);
  EXPECT_EQ(parse_appraisal_time("1970-01-01T00:00:00Z")->value, 0);
  EXPECT_EQ(parse_appraisal_time("9999-12-31T23:59:59.999Z")->value, 253'402'300'799'999);
  EXPECT_EQ(parse_appraisal_time("2024-02-29T00:00:00Z")->value, 1'709'164'800'000);
}

TEST(ParseAppraisalTime, ReadsBackWhatReportsPrint) {
  for (const std::int64_t ms : {0LL, 1LL, 951'782'399'999LL, 1'772'366'400'195LL}) {
    EXPECT_EQ(parse_appraisal_time(to_rfc3339({ms}))->value, ms);
  }
}

TEST(ParseAppraisalTime, RefusesEverythingElse) {
  for (const std::string_view text : {"",
                                      "now",
                                      "-1",
                                      "+1",
                                      "1.5",
                                      "253402300800000",
                                      "9223372036854775808",
                                      "2026-03-01",
                                      "2026-03-01T12:00:00",
                                      "2026-03-01 12:00:00Z",
                                      "2026-02-29T00:00:00Z",
                                      "2026-13-01T00:00:00Z",
                                      "2026-00-01T00:00:00Z",
                                      "2026-03-01T24:00:00Z",
                                      "2026-03-01T12:60:00Z",
                                      "2026-03-01T12:00:60Z",
                                      "2026-03-01T12:00:00.Z",
                                      "2026-03-01T12:00:00.0001Z",
                                      "2026-03-01T12:00:00z",
                                      "2026-03-01T12:00:00+2:00",
                                      "2026-03-01T12:00:00+24:00",
                                      "2026-03-01T12:00:00Zx",
                                      "1969-12-31T23:59:59Z",
                                      "1970-01-01T00:00:00+00:01",
                                      "2026-3-01T12:00:00Z",
                                      " 1772366400000"}) {
    EXPECT_FALSE(parse_appraisal_time(text)) << text;
  }
}

}  // namespace
}  // namespace mayfly::cli
