// The two forms of what is counted, and that no stranger's word becomes a label.
#include "api/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/log_event.hpp"
#include "api/metrics_route.hpp"

namespace mayfly::api {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(MetricsText, WritesCountersGaugesAndHistograms) {
  Metrics metrics;
  metrics.add(Metric::runs, {"succeeded", "native"}, 2);
  metrics.set(Metric::queue_depth, {}, 3);
  metrics.observe(Metric::wipe, {}, 0.002);
  metrics.observe(Metric::wipe, {}, 100);
  const std::string text = metrics.text(Exposition::prometheus);
  EXPECT_THAT(text, HasSubstr("# TYPE mayfly_runs_total counter\n"
                              "mayfly_runs_total{outcome=\"succeeded\",driver=\"native\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE mayfly_queue_depth gauge\nmayfly_queue_depth 3\n"));
  EXPECT_THAT(text, HasSubstr("mayfly_wipe_seconds_bucket{le=\"0.001\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("mayfly_wipe_seconds_bucket{le=\"0.0025\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("mayfly_wipe_seconds_bucket{le=\"+Inf\"} 2\n"
                              "mayfly_wipe_seconds_sum 100.002\nmayfly_wipe_seconds_count 2\n"));
  EXPECT_THAT(text, HasSubstr("mayfly_timeouts_total 0\n")) << "there from the start";
  EXPECT_THAT(text, Not(HasSubstr("# EOF")));
}

TEST(MetricsText, NamesAFamilyWithoutTotalInOpenMetrics) {
  Metrics metrics;
  const std::string text = metrics.text(Exposition::openmetrics);
  EXPECT_THAT(text, HasSubstr("# TYPE mayfly_timeouts counter\nmayfly_timeouts_total 0\n"));
  EXPECT_TRUE(text.ends_with("\n# EOF\n"));
}

TEST(RouteLabel, IsOneOfAFewWhateverIsAskedFor) {
  EXPECT_EQ(route_label("/v1/execute"), "execute");
  EXPECT_EQ(route_label("/certificate/cert_0011"), "certificate");
  EXPECT_EQ(route_label("/certificates"), "certificates");
  EXPECT_EQ(route_label("/runs/job_00/events"), "run");
  for (const char* const path : {"/", "", "/x\"}", "/v1", "/etc/passwd"}) {
    EXPECT_EQ(route_label(path), "other") << path;
  }
}

TEST(LogEventLine, IsOneObjectOnOneLineWhateverIsInIt) {
  LogEvent event(Channel::security, Level::warning, "request", UnixMillis{0});
  event.with("path", std::string("/a\r\n\"\x1b[31m\xff") + std::string(500, 'x'));
  event.with("status", 401).with("certificate_id", "");
  const std::string line = std::move(event).line();
  EXPECT_EQ(line.find_first_of("\r\n\x1b"), std::string::npos);
  EXPECT_THAT(line, testing::StartsWith(R"({"channel":"security","event":"request",)"));
  EXPECT_THAT(line, HasSubstr(R"("path":"/a??\"?[31m?xx)"));
  EXPECT_THAT(line, HasSubstr(R"("status":401,"ts":"1970-01-01T00:00:00.000Z"})"));
  EXPECT_LT(line.size(), 400U);
  EXPECT_THAT(line, Not(HasSubstr("certificate_id")));
}

}  // namespace
}  // namespace mayfly::api
