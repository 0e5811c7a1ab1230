#include "verifier/tdx_codes.hpp"

namespace mayfly::verifier {
namespace {

using attest::TdxCheck;
using attest::TdxStage;

Code code_of_collateral_failure(TdxCheck check) {
  switch (check) {
    case TdxCheck::root_crl_validity:
    case TdxCheck::tcb_signing_validity:
    case TdxCheck::tcb_info_validity:
    case TdxCheck::qe_identity_validity:
    case TdxCheck::pck_crl_validity: return Code::collateral_not_valid_at_time;
    case TdxCheck::revocation: return Code::key_revoked;
    case TdxCheck::qe_identity_match: return Code::quote_not_genuine;
    case TdxCheck::tdx_module_identity:
    case TdxCheck::tcb_level:
    case TdxCheck::tcb_status:
    case TdxCheck::tcb_evaluation_number:
    case TdxCheck::collateral_age: return Code::tcb_refused;
    default: return Code::collateral_not_genuine;
  }
}

Code code_of_td_failure(TdxCheck check) {
  switch (check) {
    case TdxCheck::td_debug_off: return Code::td_debug;
    case TdxCheck::td_measurement: return Code::measurement_unknown;
    case TdxCheck::td_report_data: return Code::report_data_differs;
    case TdxCheck::platform_allowed: return Code::platform_refused;
    default: return Code::td_attributes_refused;
  }
}

}  // namespace

Code code_of_failure(TdxCheck check) {
  switch (stage_of(check)) {
    case TdxStage::layout: return Code::quote_malformed;
    case TdxStage::chain:
      return check == TdxCheck::chain_validity ? Code::quote_chain_not_valid_at_time
                                               : Code::quote_not_genuine;
    case TdxStage::signatures: return Code::quote_not_genuine;
    case TdxStage::collateral: return code_of_collateral_failure(check);
    case TdxStage::td_policy: return code_of_td_failure(check);
    case TdxStage::logs:
      return verdict_of_failure(check) == attest::TdxVerdict::contradicted
                 ? Code::event_log_differs
                 : Code::event_log_refused;
  }
  return Code::quote_not_genuine;
}

}  // namespace mayfly::verifier
