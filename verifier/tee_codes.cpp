#include "verifier/tee_codes.hpp"

namespace mayfly::verifier {

using attest::AzureCheck;
using attest::EventLogCheck;
using attest::GoogleTokenCheck;
using attest::NitroCheck;
using attest::SnpCheck;
using attest::TpmCheck;

Code code_of_failure(SnpCheck check) {
  switch (check) {
    case SnpCheck::report_layout: return Code::quote_malformed;
    case SnpCheck::chain_validity: return Code::quote_chain_not_valid_at_time;
    case SnpCheck::revocation_list: return Code::collateral_not_genuine;
    case SnpCheck::revocation_list_validity: return Code::collateral_not_valid_at_time;
    case SnpCheck::chain_revocation: return Code::key_revoked;
    case SnpCheck::guest_policy:
    case SnpCheck::migration_off:
    case SnpCheck::smt_off:
    case SnpCheck::single_socket:
    case SnpCheck::vmpl:
    case SnpCheck::host_data:
    case SnpCheck::id_key: return Code::td_attributes_refused;
    case SnpCheck::debug_off: return Code::td_debug;
    case SnpCheck::tcb_order:
    case SnpCheck::tcb_minimum: return Code::tcb_refused;
    case SnpCheck::measurement: return Code::measurement_unknown;
    case SnpCheck::provider:
    case SnpCheck::chip: return Code::platform_refused;
    case SnpCheck::report_data: return Code::report_data_differs;
    case SnpCheck::chain_readable:
    case SnpCheck::chain_algorithm:
    case SnpCheck::chain_anchor:
    case SnpCheck::chain_names:
    case SnpCheck::chain_constraints:
    case SnpCheck::chain_signatures:
    case SnpCheck::key_kind:
    case SnpCheck::certificate_product:
    case SnpCheck::certificate_tcb:
    case SnpCheck::certificate_chip:
    case SnpCheck::report_signature: break;
  }
  return Code::quote_not_genuine;
}

Code code_of_failure(TpmCheck check) {
  switch (check) {
    case TpmCheck::attest_magic:
    case TpmCheck::attest_type:
    case TpmCheck::attest_layout:
    case TpmCheck::signature_layout:
    case TpmCheck::key_layout: return Code::quote_malformed;
    case TpmCheck::certificate_validity: return Code::quote_chain_not_valid_at_time;
    case TpmCheck::extra_data: return Code::report_data_differs;
    case TpmCheck::pcr_selection:
    case TpmCheck::boot_measured:
    case TpmCheck::pcr_values: return Code::measurement_unknown;
    case TpmCheck::clock_safe:
    case TpmCheck::clock_counters: return Code::td_attributes_refused;
    case TpmCheck::firmware: return Code::tcb_refused;
    case TpmCheck::key_attributes:
    case TpmCheck::key_trust:
    case TpmCheck::certificate_readable:
    case TpmCheck::certificate_anchor:
    case TpmCheck::certificate_names:
    case TpmCheck::certificate_constraints:
    case TpmCheck::certificate_signatures:
    case TpmCheck::certificate_key:
    case TpmCheck::signature_hash:
    case TpmCheck::quote_signature:
    case TpmCheck::qualified_signer:
    case TpmCheck::pcr_bank:
    case TpmCheck::pcr_digest: break;
  }
  return Code::quote_not_genuine;
}

Code code_of_failure(NitroCheck check) {
  switch (check) {
    case NitroCheck::document_layout: return Code::quote_malformed;
    case NitroCheck::document_age: return Code::quote_age_refused;
    case NitroCheck::debug_off: return Code::td_debug;
    case NitroCheck::pcr_values: return Code::measurement_unknown;
    case NitroCheck::nonce:
    case NitroCheck::user_data:
    case NitroCheck::public_key: return Code::report_data_differs;
    case NitroCheck::chain_readable:
    case NitroCheck::chain_anchor:
    case NitroCheck::chain_names:
    case NitroCheck::chain_constraints:
    case NitroCheck::chain_signatures:
    case NitroCheck::chain_validity:  // at the document's own time: it contradicts itself
    case NitroCheck::document_signature: break;
  }
  return Code::quote_not_genuine;
}

Code code_of_failure(AzureCheck check) {
  switch (check) {
    case AzureCheck::azure_layout: return Code::quote_malformed;
    case AzureCheck::azure_tee_kind: return Code::quote_kind_differs;
    // These two say that another level failed, and that level says why, and how bad it is.
    case AzureCheck::azure_tee_report:
    case AzureCheck::azure_quote: return Code::policy_not_met;
    case AzureCheck::azure_secure_boot: return Code::td_attributes_refused;
    case AzureCheck::azure_claims_bound:
    case AzureCheck::azure_claims: break;
  }
  return Code::quote_not_genuine;
}

Code code_of_failure(GoogleTokenCheck check) {
  switch (check) {
    case GoogleTokenCheck::token_layout: return Code::quote_malformed;
    case GoogleTokenCheck::token_time: return Code::quote_age_refused;
    case GoogleTokenCheck::audience:
    case GoogleTokenCheck::nonce: return Code::report_data_differs;
    case GoogleTokenCheck::debug_off: return Code::td_debug;
    case GoogleTokenCheck::software:
    case GoogleTokenCheck::image: return Code::measurement_unknown;
    case GoogleTokenCheck::hardware: return Code::platform_refused;
    case GoogleTokenCheck::secure_boot:
    case GoogleTokenCheck::support: return Code::td_attributes_refused;
    case GoogleTokenCheck::chain_readable:
    case GoogleTokenCheck::chain_anchor:
    case GoogleTokenCheck::chain_names:
    case GoogleTokenCheck::chain_constraints:
    case GoogleTokenCheck::chain_signatures:
    case GoogleTokenCheck::chain_validity:  // when it was issued: it contradicts itself
    case GoogleTokenCheck::token_signature:
    case GoogleTokenCheck::token_issuer: break;
  }
  return Code::quote_not_genuine;
}

Code code_of_failure(EventLogCheck check) {
  switch (check) {
    case EventLogCheck::log_layout:
    case EventLogCheck::log_replay: return Code::event_log_differs;
    case EventLogCheck::log_bank:
    case EventLogCheck::log_registers:
    case EventLogCheck::log_separators:
    case EventLogCheck::log_payloads: break;
  }
  return Code::event_log_refused;
}

}  // namespace mayfly::verifier
