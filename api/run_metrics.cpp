#include "api/run_metrics.hpp"

#include <algorithm>
#include <optional>

#include "pipeline/threat_rules.hpp"

namespace mayfly::api {
namespace {

constexpr std::string_view driver = "native";

std::optional<std::int64_t> phase_at(const executor::RunReport& report, std::string_view name) {
  const auto found = std::ranges::find(report.phases, name, &executor::Phase::name);
  return found == report.phases.end() ? std::nullopt : std::optional(found->at_us);
}

double seconds(std::int64_t milliseconds) {
  return static_cast<double>(milliseconds) / 1000.0;
}

// A sandbox that was held ready was built before anyone asked: that took the run no time.
void count_start(const executor::RunReport& report, Metrics& metrics) {
  const auto asked = phase_at(report, "asked");
  const auto built = phase_at(report, "sandbox built");
  const auto executed = phase_at(report, "program executed");
  if (!asked || !built) return;
  const auto micros = [](std::int64_t us) { return static_cast<double>(us) / 1e6; };
  metrics.observe(Metric::sandbox_start, {driver, "build"},
                  micros(std::max<std::int64_t>(0, *built - *asked)));
  if (!executed) return;
  metrics.observe(Metric::sandbox_start, {driver, "execute"},
                  micros(std::max<std::int64_t>(0, *executed - std::max(*asked, *built))));
}

void count_outcome(const executor::RunReport& report, Metrics& metrics) {
  if (std::holds_alternative<executor::TimedOut>(report.outcome)) {
    metrics.add(Metric::timeouts, {});
  }
  const auto* const hit = std::get_if<executor::LimitHit>(&report.outcome);
  if (hit != nullptr && hit->kind == executor::LimitKind::memory) {
    metrics.add(Metric::memory_limit_hits, {});
  }
  if (const auto* const denied = std::get_if<executor::Denied>(&report.outcome)) {
    const bool is_call = denied->what.starts_with("system call");
    metrics.add(Metric::denied_syscalls, {is_call ? "system_call" : "exec"});
  }
}

void count_refused(const pipeline::RefusedAddresses& refused, Metrics& metrics) {
  const auto count = [&](std::string_view family, std::int64_t times) {
    if (times > 0) {
      metrics.add(Metric::network_denied, {family}, static_cast<std::uint64_t>(times));
    }
  };
  count("inet", refused.inet);
  count("unix", refused.local);
  count("other", refused.other);
}

void count_calls(const std::vector<pipeline::ModelCallFacts>& calls, Metrics& metrics) {
  for (const pipeline::ModelCallFacts& call : calls) {
    metrics.add(Metric::llm_calls,
                {call.wire, call.status == 0 ? "none" : status_class(call.status)});
    metrics.add(Metric::llm_tokens, {"input"}, static_cast<std::uint64_t>(call.input_tokens));
    metrics.add(Metric::llm_tokens, {"output"}, static_cast<std::uint64_t>(call.output_tokens));
  }
}

}  // namespace

void count_run(const pipeline::Certified& certified, Metrics& metrics) {
  const certificate::Run& run = certified.statement.run;
  metrics.add(Metric::runs, {certified.statement.claim.result.status, driver});
  metrics.add(Metric::certificates, {run.tee.starts_with("simulated") ? "simulated" : "hardware"});
  metrics.observe(Metric::run_duration, {}, seconds(run.usage.wall_ms));
  metrics.observe(Metric::run_cpu, {}, seconds(run.usage.cpu_ms));
  metrics.observe(Metric::run_peak_memory, {}, static_cast<double>(run.usage.peak_memory_bytes));
  metrics.observe(
      Metric::wipe, {},
      seconds(run.lifecycle.dataset_deleted.value - run.lifecycle.execution_completed.value));
  count_start(certified.report, metrics);
  count_outcome(certified.report, metrics);
  count_refused(certified.refused_addresses, metrics);
  count_calls(certified.model_calls, metrics);
  for (const pipeline::Finding& finding : certified.findings) {
    metrics.add(Metric::findings, {to_string(finding.rule), to_string(finding.severity)});
  }
}

void count_failure(const Error& error, Metrics& metrics) {
  const bool is_left = error.code() == ErrorCode::rejected;
  if (is_left) metrics.add(Metric::wipe_failures, {});
  const bool is_request = error.code() == ErrorCode::malformed || error.code() == ErrorCode::limit;
  metrics.add(Metric::runs, {is_request ? "refused" : "not_certified", driver});
}

}  // namespace mayfly::api
