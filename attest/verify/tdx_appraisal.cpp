#include "attest/verify/tdx_appraisal.hpp"

#include <array>

namespace mayfly::attest {
namespace {

struct CheckRow {
  TdxStage stage;
  std::string_view name;
};

constexpr std::array<CheckRow, tdx_check_count> checks{{
    {TdxStage::layout, "quote_layout"},
    {TdxStage::chain, "chain_certificates"},
    {TdxStage::chain, "chain_root"},
    {TdxStage::chain, "chain_names"},
    {TdxStage::chain, "chain_constraints"},
    {TdxStage::chain, "chain_signatures"},
    {TdxStage::chain, "chain_validity"},
    {TdxStage::signatures, "qe_report_signature"},
    {TdxStage::signatures, "attestation_key_binding"},
    {TdxStage::signatures, "quote_signature"},
    {TdxStage::td_policy, "td_debug_off"},
    {TdxStage::td_policy, "td_attributes_known"},
    {TdxStage::td_policy, "td_sept_ve_disable"},
    {TdxStage::td_policy, "td_xfam"},
    {TdxStage::collateral, "pck_revocation"},
    {TdxStage::collateral, "tcb_signing_chain"},
    {TdxStage::collateral, "tcb_info"},
    {TdxStage::collateral, "qe_identity"},
    {TdxStage::collateral, "pck_extension"},
    {TdxStage::collateral, "tdx_module_identity"},
    {TdxStage::collateral, "tcb_level"},
    {TdxStage::collateral, "tcb_status"},
}};

const CheckRow& row_of(TdxCheck check) {
  return checks.at(static_cast<std::size_t>(check));
}

}  // namespace

TdxStage stage_of(TdxCheck check) {
  return row_of(check).stage;
}

CheckOutcome TdxAppraisal::outcome_of(TdxStage stage) const {
  CheckOutcome outcome = CheckOutcome::pass;
  for (const TdxFinding& finding : findings) {
    if (stage_of(finding.check) != stage || finding.outcome == CheckOutcome::pass) {
      continue;
    }
    if (finding.outcome == CheckOutcome::fail) {
      return CheckOutcome::fail;
    }
    outcome = CheckOutcome::not_evaluated;
  }
  return outcome;
}

std::string_view to_string(TdxCheck check) {
  return row_of(check).name;
}

std::string_view to_string(TdxStage stage) {
  constexpr std::array<std::string_view, 5> names{"layout", "chain", "signatures", "td_policy",
                                                  "collateral"};
  return names.at(static_cast<std::size_t>(stage));
}

std::string_view to_string(CheckOutcome outcome) {
  constexpr std::array<std::string_view, 3> names{"pass", "fail", "not_evaluated"};
  return names.at(static_cast<std::size_t>(outcome));
}

std::string_view to_string(TdxVerdict verdict) {
  constexpr std::array<std::string_view, 3> names{"malformed", "rejected", "collateral_needed"};
  return names.at(static_cast<std::size_t>(verdict));
}

}  // namespace mayfly::attest
