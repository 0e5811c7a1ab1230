#include "api/metrics.hpp"

#include <algorithm>
#include <cstdio>
#include <span>

namespace mayfly::api {
namespace {

enum class Kind : std::uint8_t { counter, gauge, histogram };

struct Family {
  Metric metric;
  Kind kind;
  std::string_view name;  // of a counter without _total
  std::string_view help;
  std::array<std::string_view, 2> labels{};
  std::span<const double> bounds{};  // of a histogram
};

constexpr std::array seconds_of_a_run = {0.005, 0.01, 0.025, 0.05, 0.1,  0.25,  0.5,   1.0,
                                         2.5,   5.0,  10.0,  30.0, 60.0, 300.0, 1800.0};
constexpr std::array seconds_of_a_step = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                          0.05,   0.1,   0.25,   0.5,   1.0,  2.5};
constexpr std::array bytes_of_a_run = {1e6, 4e6, 16e6, 64e6, 256e6, 512e6, 1e9, 4e9, 16e9};

constexpr std::array families = {
    Family{Metric::access_refused,
           Kind::counter,
           "mayfly_access_refused",
           "Requests that were refused before anything was done, by why.",
           {"reason"}},
    Family{Metric::build_info, Kind::gauge, "mayfly_build_info", "Always 1.", {"version"}},
    Family{Metric::certificates,
           Kind::counter,
           "mayfly_certificates",
           "Certificates made, by what stands behind them.",
           {"assurance"}},
    Family{Metric::denied_syscalls,
           Kind::counter,
           "mayfly_denied_syscalls",
           "Jobs that were stopped at something they may not do.",
           {"syscall_class"}},
    Family{Metric::findings,
           Kind::counter,
           "mayfly_findings",
           "Signs of an attack in the record of a run, by rule.",
           {"rule", "severity"}},
    Family{Metric::http_request_duration,
           Kind::histogram,
           "mayfly_http_request_duration_seconds",
           "From the first byte of a request to its answer.",
           {"route"},
           seconds_of_a_run},
    Family{Metric::http_requests,
           Kind::counter,
           "mayfly_http_requests",
           "Requests answered.",
           {"route", "status"}},
    Family{Metric::llm_calls,
           Kind::counter,
           "mayfly_llm_calls",
           "Calls of language models.",
           {"wire", "status"}},
    Family{
        Metric::llm_tokens, Kind::counter, "mayfly_llm_tokens", "Tokens of those calls.", {"kind"}},
    Family{Metric::memory_limit_hits,
           Kind::counter,
           "mayfly_oom_kills",
           "Jobs that were stopped at their memory limit.",
           {}},
    Family{Metric::network_denied,
           Kind::counter,
           "mayfly_network_denied",
           "Addresses that jobs asked for and did not get.",
           {"kind"}},
    Family{Metric::queue_dataset_bytes,
           Kind::gauge,
           "mayfly_queue_dataset_bytes",
           "Memory held by the datasets of all runs.",
           {}},
    Family{Metric::queue_depth,
           Kind::gauge,
           "mayfly_queue_depth",
           "Runs that wait for their turn.",
           {}},
    Family{Metric::queue_job_bytes,
           Kind::gauge,
           "mayfly_queue_job_bytes",
           "Memory that the jobs in progress may take.",
           {}},
    Family{Metric::queue_wait,
           Kind::histogram,
           "mayfly_queue_wait_seconds",
           "From a run being taken in to its start.",
           {},
           seconds_of_a_run},
    Family{Metric::run_cpu,
           Kind::histogram,
           "mayfly_run_cpu_seconds",
           "CPU time of jobs.",
           {},
           seconds_of_a_run},
    Family{Metric::run_duration,
           Kind::histogram,
           "mayfly_run_duration_seconds",
           "Wall time of jobs.",
           {},
           seconds_of_a_run},
    Family{Metric::run_peak_memory,
           Kind::histogram,
           "mayfly_run_peak_memory_bytes",
           "Most memory that a job held.",
           {},
           bytes_of_a_run},
    Family{Metric::runs,
           Kind::counter,
           "mayfly_runs",
           "Runs that have ended, by how.",
           {"outcome", "driver"}},
    Family{Metric::runs_in_progress,
           Kind::gauge,
           "mayfly_runs_in_progress",
           "Runs that are in progress.",
           {}},
    Family{Metric::sandbox_start,
           Kind::histogram,
           "mayfly_sandbox_start_seconds",
           "Until the sandbox was built, and from then until the program was executed.",
           {"driver", "phase"},
           seconds_of_a_step},
    Family{Metric::timeouts,
           Kind::counter,
           "mayfly_timeouts",
           "Jobs that were stopped at their wall time.",
           {}},
    Family{Metric::verify,
           Kind::counter,
           "mayfly_verify",
           "Certificates verified, by verdict.",
           {"result"}},
    Family{Metric::wipe,
           Kind::histogram,
           "mayfly_wipe_seconds",
           "From the end of a job to its dataset being gone and looked for.",
           {},
           seconds_of_a_step},
    Family{Metric::wipe_failures,
           Kind::counter,
           "mayfly_wipe_failures",
           "Runs that were not certified because something was left.",
           {}},
};
static_assert(families.size() == metric_count);

constexpr bool families_are_in_order() {
  for (std::size_t i = 0; i < families.size(); ++i) {
    if (static_cast<std::size_t>(families[i].metric) != i) return false;
  }
  return true;
}
static_assert(families_are_in_order());

const Family& family_of(Metric metric) {
  return families[static_cast<std::size_t>(metric)];
}

std::size_t label_count(const Family& family) {
  return static_cast<std::size_t>(
      std::ranges::count_if(family.labels, [](std::string_view label) { return !label.empty(); }));
}

std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", value);
  // The shortest of the two that reads back as the same number.
  char shorter[40];
  std::snprintf(shorter, sizeof shorter, "%.12g", value);
  return std::stod(shorter) == value ? shorter : text;
}

// Label values come from our own code alone; none needs an escape.
std::string braces(const Family& family, const std::vector<std::string>& values,
                   std::string_view bound) {
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i) {
    text += (text.empty() ? "" : ",") + std::string(family.labels[i]) + "=\"" + values[i] + "\"";
  }
  if (!bound.empty()) text += (text.empty() ? "le=\"" : ",le=\"") + std::string(bound) + "\"";
  return text.empty() ? text : "{" + text + "}";
}

std::string_view kind_word(Kind kind) {
  switch (kind) {
    case Kind::counter: return "counter";
    case Kind::gauge: return "gauge";
    case Kind::histogram: break;
  }
  return "histogram";
}

}  // namespace

Metrics::Metrics() {
  for (const Family& family : families) {
    // A series without labels is there from the start, so that a rate can see its first event.
    if (label_count(family) == 0) series(family.metric, {});
  }
  set(Metric::build_info, {MAYFLY_VERSION}, 1);
}

Metrics::Series& Metrics::series(Metric metric, Labels labels) {
  Series& found = families_[static_cast<std::size_t>(metric)][Key(labels.begin(), labels.end())];
  const auto bounds = family_of(metric).bounds;
  if (found.buckets.size() != bounds.size()) found.buckets.resize(bounds.size());
  return found;
}

void Metrics::add(Metric metric, Labels labels, std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  series(metric, labels).value += static_cast<double>(count);
}

void Metrics::set(Metric metric, Labels labels, double value) {
  const std::lock_guard lock(mutex_);
  series(metric, labels).value = value;
}

void Metrics::observe(Metric metric, Labels labels, double value) {
  const std::lock_guard lock(mutex_);
  Series& found = series(metric, labels);
  found.value += value;
  ++found.count;
  const auto bounds = family_of(metric).bounds;
  for (std::size_t i = 0; i < bounds.size(); ++i) found.buckets[i] += value <= bounds[i] ? 1U : 0U;
}

std::string Metrics::text(Exposition exposition) const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const Family& family : families) {
    const std::string name(family.name);
    const bool is_counter = family.kind == Kind::counter;
    const bool bare = exposition == Exposition::openmetrics || !is_counter;
    const std::string titled = bare ? name : name + "_total";
    out += "# HELP " + titled + " " + std::string(family.help) + "\n# TYPE " + titled + " " +
           std::string(kind_word(family.kind)) + "\n";
    for (const auto& [values, one] : families_[static_cast<std::size_t>(family.metric)]) {
      if (family.kind != Kind::histogram) {
        out += name + (is_counter ? "_total" : "") + braces(family, values, {}) + " " +
               number(one.value) + "\n";
        continue;
      }
      for (std::size_t i = 0; i < family.bounds.size(); ++i) {
        out += name + "_bucket" + braces(family, values, number(family.bounds[i])) + " " +
               std::to_string(one.buckets[i]) + "\n";
      }
      out += name + "_bucket" + braces(family, values, "+Inf") + " " + std::to_string(one.count) +
             "\n" + name + "_sum" + braces(family, values, {}) + " " + number(one.value) + "\n" +
             name + "_count" + braces(family, values, {}) + " " + std::to_string(one.count) + "\n";
    }
  }
  if (exposition == Exposition::openmetrics) out += "# EOF\n";
  return out;
}

std::string_view status_class(int status) {
  constexpr std::array<std::string_view, 5> classes = {"1xx", "2xx", "3xx", "4xx", "5xx"};
  const int hundreds = std::clamp(status / 100, 1, 5);
  return classes[static_cast<std::size_t>(hundreds - 1)];
}

}  // namespace mayfly::api
