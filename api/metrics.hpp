// What the service counts, as Prometheus reads it.
//
// Source    Prometheus text format 0.0.4 and OpenMetrics 1.0; their naming rules, which promtool
//           checks in a test.
// Shapes    Every family is in the one table in metrics.cpp; labels take their values from small
//           fixed sets. No id, hash, name or address is ever one.
// Threads   Any number.
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace mayfly::api {

enum class Metric : std::uint8_t {
  access_refused,
  build_info,
  certificates,
  denied_syscalls,
  findings,
  http_request_duration,
  http_requests,
  llm_calls,
  llm_tokens,
  memory_limit_hits,
  network_denied,
  queue_dataset_bytes,
  queue_depth,
  queue_job_bytes,
  queue_wait,
  run_cpu,
  run_duration,
  run_peak_memory,
  runs,
  runs_in_progress,
  sandbox_start,
  timeouts,
  verify,
  wipe,
  wipe_failures,
};
inline constexpr std::size_t metric_count = static_cast<std::size_t>(Metric::wipe_failures) + 1;

enum class Exposition : std::uint8_t { prometheus, openmetrics };
inline constexpr std::string_view prometheus_media_type =
    "text/plain; version=0.0.4; charset=utf-8";
inline constexpr std::string_view openmetrics_media_type =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

class Metrics {
 public:
  using Labels = std::initializer_list<std::string_view>;  // values, in the order of the table

  Metrics();

  void add(Metric metric, Labels labels, std::uint64_t count = 1);
  void set(Metric metric, Labels labels, double value);
  void observe(Metric metric, Labels labels, double value);

  std::string text(Exposition exposition) const;

 private:
  struct Series {
    double value = 0;  // counter, gauge; sum of a histogram
    std::uint64_t count = 0;
    std::vector<std::uint64_t> buckets;
  };
  using Key = std::vector<std::string>;

  Series& series(Metric metric, Labels labels);

  mutable std::mutex mutex_;
  std::array<std::map<Key, Series>, metric_count> families_;
};

// "2xx" ...
std::string_view status_class(int status);

}  // namespace mayfly::api
