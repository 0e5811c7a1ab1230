// Every thing that verification can find, and what each means for the verdict.
//
// Source    docs/certificate-format.md, "The verdict". The kebab-case codes are stable: programs
//           branch on them; the sentences may get better.
// Threads   Constant data and plain values.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace mayfly::verifier {

// In the order in which a reader of the certificate would ask.
enum class Stage : std::uint8_t {
  parse,
  schema,
  ids,
  dataset,
  signature,
  quote,
  report_data,
  measurement,
  tcb,
  lifecycle,
  log,
  witnesses,
  time,
  attempts,
  revocation,
  disclosures,
  policy,
};
inline constexpr std::size_t stage_count = static_cast<std::size_t>(Stage::policy) + 1;

enum class State : std::uint8_t { pass, fail, skip, unknown };

// What a finding does to the verdict, weakest first; the strongest one decides.
enum class Effect : std::uint8_t {
  none,          // says something, changes nothing
  refused,       // genuine, and the policy does not want it
  inconclusive,  // something needed is missing
  unattested,    // no hardware vouches for it
  contradicted,  // it contradicts itself, its evidence or the data
  malformed,     // not a certificate
  internal,      // we could not finish
};

enum class Code : std::uint8_t {
  parse_ok,
  parse_not_canonical,
  parse_too_large,
  schema_ok,
  schema_broken,
  ids_ok,
  certificate_id_differs,
  claim_hash_differs,
  sandbox_hash_differs,
  input_hash_differs,
  subject_differs,
  tee_kind_differs,
  assertion_differs,
  truncation_differs,
  result_value_unreadable,
  result_value_exact,
  result_value_unproven,
  dataset_matches,
  dataset_differs,
  dataset_not_given,
  signature_ok,
  signature_missing,
  signature_wrong,
  second_signature_ok,
  second_signature_missing,
  second_signature_wrong,
  second_signature_form,
  second_signer_differs,
  signer_refused,
  quote_chain_ok,
  quote_simulated,
  quote_provider_signed,
  quote_missing,
  quote_format_unknown,
  quote_malformed,
  quote_not_genuine,
  quote_kind_differs,
  quote_kind_refused,
  quote_chain_not_valid_at_time,
  quote_age_refused,
  quote_part_missing,
  report_data_ok,
  report_data_differs,
  measurement_accepted,
  measurement_unknown,
  measurement_simulated,
  event_log_accounts,
  event_log_differs,
  event_log_refused,
  td_not_debug,
  td_debug,
  td_attributes_refused,
  platform_refused,
  tcb_accepted,
  tcb_refused,
  collateral_not_genuine,
  collateral_not_valid_at_time,
  tcb_not_evaluated,
  tcb_waived,
  tcb_simulated,
  lifecycle_ok,
  lifecycle_disordered,
  timestamp_differs,
  wipe_ok,
  wipe_residue,
  wipe_incomplete,
  log_absent,
  log_included,
  log_missing,
  log_required,
  log_unexpected,
  log_malformed,
  log_entry_differs,
  log_signature_wrong,
  log_not_included,
  log_disordered,
  log_inconsistent,
  log_not_trusted,
  witnesses_absent,
  witnesses_operator_only,
  witnesses_met,
  witnesses_too_few,
  witness_signature_wrong,
  time_unverified,
  time_verified,
  timestamps_not_checked,
  timestamp_required,
  timestamp_malformed,
  timestamp_of_something_else,
  timestamps_disordered,
  timestamp_before_run,
  timestamp_signature_wrong,
  timestamp_not_trusted,
  timestamp_expired,
  timestamp_after_appraisal,
  time_after_appraisal,
  attempts_uncounted,
  attempts_counted,
  attempts_impossible,
  attempts_recounted,
  attempts_differ,
  attempts_other_log,
  attempts_copy_older,
  revocation_ok,
  key_revoked,
  revocation_not_evaluated,
  revoked_in_log,
  not_revoked_in_log,
  disclosures_absent,
  events_shown,
  events_differ,
  withheld_unfixed,
  result_shown,
  result_withheld,
  result_differs,
  trace_matches,
  trace_differs,
  trace_malformed,
  stage_not_reached,
  policy_met,
  policy_not_met,
  internal_error,
};
inline constexpr std::size_t code_count = static_cast<std::size_t>(Code::internal_error) + 1;

// Fixed for each code, so the verdict is a function of the codes alone.
struct CodeMeaning {
  Code code;
  std::string_view name;  // "claim-hash-differs"
  Stage stage;
  State state;
  Effect effect;
  std::string_view sentence;  // what was found
  std::string_view next;      // what to do about it; empty when there is nothing to do
};
std::span<const CodeMeaning> all_code_meanings();  // in the order of Code
const CodeMeaning& meaning_of(Code code);

std::string_view to_string(Stage stage);
std::string_view to_string(State state);
std::string_view to_string(Effect effect);

struct Finding {
  Code code;
  Stage stage;
  std::string detail;  // may be empty; holds no bytes of the certificate
};
Finding found(Code code, std::string detail = {});
Finding not_reached(Stage stage);
Finding internal_error(Stage stage, std::string detail);

}  // namespace mayfly::verifier
