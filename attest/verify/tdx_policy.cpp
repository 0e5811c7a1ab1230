#include "attest/verify/tdx_policy.hpp"

#include "attest/verify/anchors.hpp"

namespace mayfly::attest {
namespace {

template <class T>
void append_if_any(std::string_view name, const Expected<T>& expected,
                   std::vector<std::string>& lines) {
  if (const auto* any = std::get_if<Any>(&expected)) {
    lines.push_back(std::string(name) + ": " +
                    (any->reason.empty() ? "no reason given" : any->reason));
  }
}

}  // namespace

TdxPolicy default_tdx_policy() {
  const auto anchors = default_anchors();
  return {
      .anchors = {anchors.begin(), anchors.end()},
      .measurements = std::vector<TdMeasurement>(),
      .report_data = Any{"the caller named no value to be bound"},
      .mr_config_id = Any{"set by the host, and measured into nothing by itself"},
      .mr_owner = Any{"set by the host, and measured into nothing by itself"},
      .mr_owner_config = Any{"set by the host, and measured into nothing by itself"},
      .service_tds = std::vector<crypto::Sha384>(),
      .sept_ve_disable = SeptVeRequired{},
      .attributes = {},
      .tcb = {.statuses = {TcbStatus::up_to_date},
              .advisories = std::vector<std::string>(),
              .out_of_date_grace_days = 0},
      .evaluation_number_min = Any{"the caller named none: lists count for as long as Intel says"},
      .collateral_age_days_max = Any{"the lists' own validity is the bound"},
      .platforms = Any{"the caller listed none: any genuine platform is accepted"},
      .event_log = Any{"the register values speak for themselves"},
      .runtime_log = Any{"the register values speak for themselves"},
      .physical_access = PhysicalAccessTrust::none,
      .padding = Padding::refused,
  };
}

TdxPolicy genuine_tdx_policy() {
  TdxPolicy policy = default_tdx_policy();
  policy.measurements = Any{"asked is only whether the quote is genuine, not what runs in the TD"};
  policy.padding = Padding::zeros_accepted;
  return policy;
}

std::vector<std::string> not_asked_by(const TdxPolicy& policy) {
  std::vector<std::string> lines;
  append_if_any("measurements", policy.measurements, lines);
  if (const auto* list = std::get_if<std::vector<TdMeasurement>>(&policy.measurements)) {
    for (const TdMeasurement& measurement : *list) {
      for (std::size_t i = 0; i < measurement.rtmr.size(); ++i) {
        append_if_any("measurements." + measurement.name + ".rtmr" + std::to_string(i),
                      measurement.rtmr.at(i), lines);
      }
    }
  }
  append_if_any("report_data", policy.report_data, lines);
  append_if_any("mr_config_id", policy.mr_config_id, lines);
  append_if_any("mr_owner", policy.mr_owner, lines);
  append_if_any("mr_owner_config", policy.mr_owner_config, lines);
  append_if_any("service_tds", policy.service_tds, lines);
  append_if_any("sept_ve_disable", policy.sept_ve_disable, lines);
  append_if_any("tcb.advisories", policy.tcb.advisories, lines);
  append_if_any("evaluation_number_min", policy.evaluation_number_min, lines);
  append_if_any("collateral_age_days_max", policy.collateral_age_days_max, lines);
  append_if_any("platforms", policy.platforms, lines);
  append_if_any("event_log", policy.event_log, lines);
  if (const auto* rule = std::get_if<EventLogRule>(&policy.event_log)) {
    append_if_any("event_log.separators", rule->separators, lines);
    append_if_any("event_log.payloads", rule->payloads, lines);
  }
  append_if_any("runtime_log", policy.runtime_log, lines);
  return lines;
}

}  // namespace mayfly::attest
