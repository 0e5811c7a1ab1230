#include "verifier/field_grades.hpp"

#include <algorithm>

namespace mayfly::verifier {
namespace {

bool has(std::span<const Finding> findings, Code code) {
  return std::ranges::any_of(findings,
                             [code](const Finding& finding) { return finding.code == code; });
}

bool contradicts(std::span<const Finding> findings) {
  return std::ranges::any_of(findings, [](const Finding& finding) {
    return meaning_of(finding.code).effect >= Effect::contradicted;
  });
}

// A quote that is waived, simulated, of a debug TD or of an unknown environment proves nothing of
// what ran.
bool hardware_stands(std::span<const Finding> findings, const Policy& policy,
                     std::string_view tee) {
  const auto kind = attest::tee_kind_from_string(tee);
  return kind && asks_for_measurement(policy, *kind) && has(findings, Code::quote_chain_ok) &&
         has(findings, Code::report_data_ok) && has(findings, Code::measurement_accepted) &&
         has(findings, Code::signature_ok) && has(findings, Code::td_not_debug) &&
         !has(findings, Code::td_debug) && !has(findings, Code::quote_simulated) &&
         !has(findings, Code::quote_provider_signed) && !has(findings, Code::key_revoked) &&
         !contradicts(findings);
}

Grade attempts_grade(std::span<const Finding> findings, Grade measured) {
  if (has(findings, Code::attempts_uncounted)) return Grade::absent;
  const bool is_proved =
      has(findings, Code::log_included) &&
      (has(findings, Code::attempts_counted) || has(findings, Code::attempts_recounted));
  return is_proved && !contradicts(findings) ? Grade::log_proved : measured;
}

Grade time_grade(std::span<const Finding> findings) {
  if (has(findings, Code::time_verified) && !contradicts(findings)) return Grade::token_proved;
  const bool has_none =
      has(findings, Code::time_unverified) && !has(findings, Code::timestamps_not_checked);
  return has_none ? Grade::absent : Grade::self_reported;
}

template <class Entries>
Grade recorded(const std::optional<Entries>& entries, Grade measured) {
  return entries ? measured : Grade::absent;
}

bool names_a_script(const certificate::Execution& execution) {
  return execution.tool_uses &&
         std::ranges::any_of(*execution.tool_uses, [](const certificate::ToolUse& use) {
           return use.script.has_value();
         });
}

}  // namespace

std::string_view to_string(Grade grade) {
  switch (grade) {
    case Grade::hardware_bound: return "hardware-bound";
    case Grade::log_proved: return "log-proved";
    case Grade::token_proved: return "token-proved";
    case Grade::self_reported: return "self-reported";
    case Grade::named_only: return "named-only";
    case Grade::absent: return "absent";
  }
  return "absent";
}

std::vector<GradedField> grade_fields(const certificate::Statement& statement,
                                      std::span<const Finding> findings, const Policy& policy) {
  const Grade measured = hardware_stands(findings, policy, statement.run.tee)
                             ? Grade::hardware_bound
                             : Grade::self_reported;
  const auto named = [](bool is_there) { return is_there ? Grade::named_only : Grade::absent; };
  const auto present = [measured](bool is_there) { return is_there ? measured : Grade::absent; };
  const certificate::Claim& claim = statement.claim;
  const certificate::Execution& execution = claim.execution;
  const bool has_calls = execution.llm_calls && !execution.llm_calls->empty();
  return {
      {"claim.assertions", present(!claim.assertions.empty())},
      {"claim.dataset_hash", present(claim.dataset_hash != "none")},
      {"claim.execution.file_ops", recorded(execution.file_ops, measured)},
      {"claim.execution.llm_calls", recorded(execution.llm_calls, measured)},
      // What answers under a name is the provider's affair.
      {"claim.execution.llm_calls.model", named(has_calls)},
      {"claim.execution.network_calls", recorded(execution.network_calls, measured)},
      {"claim.execution.tool_uses", recorded(execution.tool_uses, measured)},
      // The job may have put another file there since.
      {"claim.execution.tool_uses.script", named(names_a_script(execution))},
      {"claim.files_used", measured},
      {"claim.limits", measured},
      {"claim.models", named(!claim.models.empty())},
      {"claim.result", measured},
      {"claim.result.value", present(claim.result.value.has_value())},
      {"claim.sandbox", measured},
      {"proof.timestamps", time_grade(findings)},
      {"run.attempt", attempts_grade(findings, measured)},
      {"run.confinement", measured},
      {"run.host", measured},
      // By the host's clock, which no TEE vouches for.
      {"run.lifecycle", Grade::self_reported},
      {"run.nonce", present(!statement.run.nonce.empty())},
      {"run.signer", measured},
      {"run.software", measured},
      {"run.trace", measured},
      {"run.usage", measured},
      {"run.wipe", measured},
  };
}

}  // namespace mayfly::verifier
