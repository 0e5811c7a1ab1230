#include "attest/verify/td_policy_checks.hpp"

#include <algorithm>

#include "attest/model/tdx_layout.hpp"
#include "attest/verify/tdx_finding.hpp"

namespace mayfly::attest {
namespace {

bool has_bit(std::uint64_t bits, std::uint64_t bit) {
  return (bits & bit) != 0;
}

TdxFinding debug_off(const TdQuoteBody& body) {
  return pass_if(TdxCheck::td_debug_off,
                 !has_bit(body.td_attributes, tdx_layout::td_attributes_debug_mask),
                 "the TD runs under debug: its host can read and change its memory");
}

TdxFinding attributes_known(const TdQuoteBody& body) {
  constexpr std::uint64_t known =
      tdx_layout::td_attributes_debug_mask | tdx_layout::td_attribute_sept_ve_disable |
      tdx_layout::td_attribute_protection_keys | tdx_layout::td_attribute_key_locker |
      tdx_layout::td_attribute_perfmon;
  return pass_if(TdxCheck::td_attributes_known, (body.td_attributes & ~known) == 0,
                 "TDATTRIBUTES has a reserved bit set, or MIGRATABLE");
}

TdxFinding sept_ve_disable(const TdQuoteBody& body, const TdxPolicy& policy) {
  if (const auto* any = std::get_if<Any>(&policy.sept_ve_disable)) {
    return not_asked(TdxCheck::td_sept_ve_disable, *any);
  }
  return pass_if(TdxCheck::td_sept_ve_disable,
                 has_bit(body.td_attributes, tdx_layout::td_attribute_sept_ve_disable),
                 "SEPT_VE_DISABLE is not set: the host can inject exceptions by taking pages away");
}

TdxFinding attributes_allowed(const TdQuoteBody& body, const TdxPolicy& policy) {
  std::string why;
  const auto require = [&](std::uint64_t bit, bool is_allowed, const char* name) {
    if (has_bit(body.td_attributes, bit) && !is_allowed) {
      why += why.empty() ? "" : ", ";
      why += name;
    }
  };
  require(tdx_layout::td_attribute_protection_keys, policy.attributes.protection_keys, "PKS");
  require(tdx_layout::td_attribute_key_locker, policy.attributes.key_locker, "KL");
  require(tdx_layout::td_attribute_perfmon, policy.attributes.performance_monitoring, "PERFMON");
  return pass_if(TdxCheck::td_attributes_allowed, why.empty(),
                 "the policy does not allow these TDATTRIBUTES: " + why);
}

TdxFinding xfam(const TdQuoteBody& body) {
  return pass_if(TdxCheck::td_xfam,
                 (body.xfam & tdx_layout::xfam_fixed_ones) == tdx_layout::xfam_fixed_ones &&
                     (body.xfam & ~tdx_layout::xfam_allowed) == 0,
                 "XFAM has a bit set or clear that TDX does not allow");
}

TdxFinding service_td(const TdQuoteBody& body, const TdxPolicy& policy) {
  if (body.mr_service_td == crypto::Sha384()) {
    return {TdxCheck::td_service_td, CheckOutcome::pass, ""};
  }
  if (const auto* any = std::get_if<Any>(&policy.service_tds)) {
    return not_asked(TdxCheck::td_service_td, *any);
  }
  const auto& listed = std::get<std::vector<crypto::Sha384>>(policy.service_tds);
  return pass_if(TdxCheck::td_service_td,
                 std::ranges::find(listed, body.mr_service_td) != listed.end(),
                 "a service TD that the policy does not list is bound to this TD (MRSERVICETD)");
}

TdxFinding configuration(const TdQuoteBody& body, const TdxPolicy& policy) {
  const std::array<std::tuple<const Expected<crypto::Sha384>*, const crypto::Sha384*, const char*>,
                   3>
      rows{{{&policy.mr_config_id, &body.mr_config_id, "MRCONFIGID"},
            {&policy.mr_owner, &body.mr_owner, "MROWNER"},
            {&policy.mr_owner_config, &body.mr_owner_config, "MROWNERCONFIG"}}};
  std::string differing;
  const Any* first_any = nullptr;
  bool any_is_asked = false;
  for (const auto& [expected, found, name] : rows) {
    if (const auto* any = std::get_if<Any>(expected)) {
      first_any = first_any == nullptr ? any : first_any;
      continue;
    }
    any_is_asked = true;
    if (std::get<crypto::Sha384>(*expected) != *found) {
      differing += differing.empty() ? "" : ", ";
      differing += name;
    }
  }
  if (!any_is_asked) {
    return not_asked(TdxCheck::td_configuration, *first_any);
  }
  return pass_if(TdxCheck::td_configuration, differing.empty(),
                 "not what the policy asks for: " + differing);
}

bool meets(const TdQuoteBody& body, const TdMeasurement& measurement) {
  if (measurement.mr_td != body.mr_td) {
    return false;
  }
  for (std::size_t i = 0; i < body.rtmr.size(); ++i) {
    const auto* wanted = std::get_if<crypto::Sha384>(&measurement.rtmr.at(i));
    if (wanted != nullptr && *wanted != body.rtmr.at(i)) {
      return false;
    }
  }
  return true;
}

TdxFinding measurement(const TdQuoteBody& body, const TdxPolicy& policy, std::string& name) {
  if (const auto* any = std::get_if<Any>(&policy.measurements)) {
    return not_asked(TdxCheck::td_measurement, *any);
  }
  const auto& listed = std::get<std::vector<TdMeasurement>>(policy.measurements);
  const auto met = std::ranges::find_if(
      listed, [&body](const TdMeasurement& each) { return meets(body, each); });
  if (met == listed.end()) {
    return {TdxCheck::td_measurement, CheckOutcome::fail,
            listed.empty() ? "the policy lists no measurements"
                           : "the TD's measurements (MRTD, RTMR) are none that the policy lists"};
  }
  name = met->name;
  return {TdxCheck::td_measurement, CheckOutcome::pass, met->name};
}

TdxFinding report_data(const TdQuoteBody& body, const TdxPolicy& policy) {
  if (const auto* any = std::get_if<Any>(&policy.report_data)) {
    return not_asked(TdxCheck::td_report_data, *any);
  }
  return pass_if(TdxCheck::td_report_data,
                 std::get<std::array<std::uint8_t, 64>>(policy.report_data) == body.report_data,
                 "the quote binds another value (REPORTDATA) than the one that was asked for");
}

TdxFinding platform_allowed(const PckExtension* platform, const TdxPolicy& policy) {
  if (const auto* any = std::get_if<Any>(&policy.platforms)) {
    return not_asked(TdxCheck::platform_allowed, *any);
  }
  if (platform == nullptr) {
    return not_evaluated(TdxCheck::platform_allowed, "the quote does not say which platform");
  }
  const auto& listed = std::get<std::vector<std::array<std::uint8_t, 16>>>(policy.platforms);
  const bool is_listed = std::ranges::any_of(
      listed, [platform](const auto& id) { return platform->ppid == id || platform->piid == id; });
  return pass_if(TdxCheck::platform_allowed, is_listed,
                 "the platform (PPID, PIID) is none that the policy lists");
}

}  // namespace

TdPolicyFindings check_td_policy(const TdQuoteBody& body, const PckExtension* platform,
                                 const TdxPolicy& policy) {
  TdPolicyFindings out;
  out.findings = {debug_off(body),
                  attributes_known(body),
                  sept_ve_disable(body, policy),
                  attributes_allowed(body, policy),
                  xfam(body),
                  service_td(body, policy),
                  configuration(body, policy),
                  measurement(body, policy, out.measurement_name),
                  report_data(body, policy),
                  platform_allowed(platform, policy)};
  return out;
}

}  // namespace mayfly::attest
