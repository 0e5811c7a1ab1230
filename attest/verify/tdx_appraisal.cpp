#include "attest/verify/tdx_appraisal.hpp"

#include <array>

namespace mayfly::attest {
namespace {

struct CheckRow {
  TdxStage stage;
  TdxVerdict when_failed;
  std::string_view name;
};

constexpr std::array<CheckRow, tdx_check_count> checks{{
    {TdxStage::layout, TdxVerdict::malformed, "quote_layout"},
    {TdxStage::layout, TdxVerdict::refused, "quote_padding"},
    {TdxStage::chain, TdxVerdict::contradicted, "chain_certificates"},
    {TdxStage::chain, TdxVerdict::contradicted, "chain_root"},
    {TdxStage::chain, TdxVerdict::contradicted, "chain_names"},
    {TdxStage::chain, TdxVerdict::contradicted, "chain_constraints"},
    {TdxStage::chain, TdxVerdict::contradicted, "chain_signatures"},
    {TdxStage::chain, TdxVerdict::refused, "chain_validity"},
    {TdxStage::chain, TdxVerdict::contradicted, "pck_extension"},
    {TdxStage::signatures, TdxVerdict::contradicted, "qe_report_signature"},
    {TdxStage::signatures, TdxVerdict::contradicted, "attestation_key_binding"},
    {TdxStage::signatures, TdxVerdict::contradicted, "quote_signature"},
    {TdxStage::collateral, TdxVerdict::contradicted, "root_crl"},
    {TdxStage::collateral, TdxVerdict::refused, "root_crl_validity"},
    {TdxStage::collateral, TdxVerdict::contradicted, "tcb_signing_chain"},
    {TdxStage::collateral, TdxVerdict::refused, "tcb_signing_validity"},
    {TdxStage::collateral, TdxVerdict::contradicted, "tcb_info_signature"},
    {TdxStage::collateral, TdxVerdict::contradicted, "tcb_info"},
    {TdxStage::collateral, TdxVerdict::refused, "tcb_info_validity"},
    {TdxStage::collateral, TdxVerdict::contradicted, "qe_identity_signature"},
    {TdxStage::collateral, TdxVerdict::contradicted, "qe_identity"},
    {TdxStage::collateral, TdxVerdict::refused, "qe_identity_validity"},
    {TdxStage::collateral, TdxVerdict::contradicted, "pck_crl"},
    {TdxStage::collateral, TdxVerdict::refused, "pck_crl_validity"},
    {TdxStage::collateral, TdxVerdict::refused, "revocation"},
    {TdxStage::collateral, TdxVerdict::contradicted, "tcb_info_platform"},
    {TdxStage::collateral, TdxVerdict::contradicted, "qe_identity_match"},
    {TdxStage::collateral, TdxVerdict::refused, "tdx_module_identity"},
    {TdxStage::collateral, TdxVerdict::refused, "tcb_level"},
    {TdxStage::collateral, TdxVerdict::refused, "tcb_status"},
    {TdxStage::collateral, TdxVerdict::refused, "tcb_evaluation_number"},
    {TdxStage::collateral, TdxVerdict::refused, "collateral_age"},
    {TdxStage::td_policy, TdxVerdict::unattested, "td_debug_off"},
    {TdxStage::td_policy, TdxVerdict::refused, "td_attributes_known"},
    {TdxStage::td_policy, TdxVerdict::refused, "td_sept_ve_disable"},
    {TdxStage::td_policy, TdxVerdict::refused, "td_attributes_allowed"},
    {TdxStage::td_policy, TdxVerdict::refused, "td_xfam"},
    {TdxStage::td_policy, TdxVerdict::refused, "td_service_td"},
    {TdxStage::td_policy, TdxVerdict::refused, "td_configuration"},
    {TdxStage::td_policy, TdxVerdict::refused, "td_measurement"},
    {TdxStage::td_policy, TdxVerdict::contradicted, "td_report_data"},
    {TdxStage::td_policy, TdxVerdict::refused, "platform_allowed"},
    {TdxStage::logs, TdxVerdict::contradicted, "boot_log_replay"},
    {TdxStage::logs, TdxVerdict::refused, "boot_log_events"},
    {TdxStage::logs, TdxVerdict::contradicted, "runtime_log_replay"},
    {TdxStage::logs, TdxVerdict::refused, "runtime_log_events"},
}};
static_assert(checks.back().name == "runtime_log_events");

const CheckRow& row_of(TdxCheck check) {
  return checks.at(static_cast<std::size_t>(check));
}

}  // namespace

TdxStage stage_of(TdxCheck check) {
  return row_of(check).stage;
}

TdxVerdict verdict_of_failure(TdxCheck check) {
  return row_of(check).when_failed;
}

CheckOutcome TdxAppraisal::outcome_of(TdxStage stage) const {
  CheckOutcome outcome = CheckOutcome::pass;
  for (const TdxFinding& finding : findings) {
    if (stage_of(finding.check) != stage) {
      continue;
    }
    if (finding.outcome == CheckOutcome::fail) {
      return CheckOutcome::fail;
    }
    if (finding.outcome == CheckOutcome::not_evaluated) {
      outcome = CheckOutcome::not_evaluated;
    }
  }
  return outcome;
}

std::string_view to_string(TdxCheck check) {
  return row_of(check).name;
}

std::string_view to_string(TdxStage stage) {
  constexpr std::array<std::string_view, 6> names{"layout",     "chain",     "signatures",
                                                  "collateral", "td_policy", "logs"};
  return names.at(static_cast<std::size_t>(stage));
}

std::string_view to_string(CheckOutcome outcome) {
  constexpr std::array<std::string_view, 4> names{"pass", "fail", "not_evaluated", "not_asked"};
  return names.at(static_cast<std::size_t>(outcome));
}

std::string_view to_string(TdxVerdict verdict) {
  constexpr std::array<std::string_view, 6> names{"accepted",   "refused",      "inconclusive",
                                                  "unattested", "contradicted", "malformed"};
  return names.at(static_cast<std::size_t>(verdict));
}

}  // namespace mayfly::attest
