#include "verifier/tee_checks.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "attest/model/binding.hpp"
#include "verifier/tee_appraisal.hpp"
#include "verifier/tee_parts.hpp"

namespace mayfly::verifier {
namespace {

using attest::TeeKind;

std::string detail_of(const TeeFinding& finding) {
  return std::string(finding.level) + "." + std::string(finding.check) + ": " + finding.detail;
}

void append_failures(const TeeAppraisal& appraisal, Stage stage, std::vector<Finding>& findings) {
  for (const TeeFinding& each : appraisal.findings) {
    if (each.outcome == TeeOutcome::fail && meaning_of(each.code).stage == stage) {
      findings.push_back(found(each.code, detail_of(each)));
    }
  }
}

// Where a kind of evidence holds what a check is about; null: that kind has no such thing.
const TeeFinding* report_data_of(const TeeAppraisal& appraisal) {
  switch (appraisal.kind) {
    case TeeKind::snp: return appraisal.find("snp", "report_data");
    case TeeKind::nitro: return appraisal.find("nitro", "user_data");
    case TeeKind::confidential_space: return appraisal.find("google", "nonce");
    case TeeKind::tpm:
    case TeeKind::azure_snp:
    case TeeKind::azure_tdx: return appraisal.find("tpm", "extra_data");
    case TeeKind::tdx:
    case TeeKind::simulated_tdx: break;
  }
  return nullptr;
}

const TeeFinding* measurement_of(const TeeAppraisal& appraisal) {
  switch (appraisal.kind) {
    case TeeKind::snp: return appraisal.find("snp", "measurement");
    case TeeKind::nitro: return appraisal.find("nitro", "pcr_values");
    case TeeKind::confidential_space: return appraisal.find("google", "image");
    case TeeKind::tpm:
    case TeeKind::azure_snp:
    case TeeKind::azure_tdx: return appraisal.find("tpm", "pcr_values");
    case TeeKind::tdx:
    case TeeKind::simulated_tdx: break;
  }
  return nullptr;
}

const TeeFinding* revocation_of(const TeeAppraisal& appraisal) {
  switch (appraisal.kind) {
    case TeeKind::snp:
    case TeeKind::azure_snp: return appraisal.find("snp", "chain_revocation");
    case TeeKind::azure_tdx: return appraisal.find("tdx", "revocation");
    case TeeKind::tpm:
    case TeeKind::nitro:
    case TeeKind::tdx:
    case TeeKind::confidential_space:
    case TeeKind::simulated_tdx: break;
  }
  return nullptr;
}

bool has_passed(const TeeFinding* finding) {
  return finding != nullptr && finding->outcome == TeeOutcome::pass;
}

// Something is missing, and nothing else is wrong: whoever has it could still judge.
void append_missing(const TeeAppraisal& appraisal, std::vector<Finding>& findings) {
  const bool any_failed = std::ranges::any_of(
      appraisal.findings, [](const TeeFinding& each) { return each.outcome == TeeOutcome::fail; });
  for (const TeeFinding& each : appraisal.findings) {
    if (each.outcome == TeeOutcome::not_evaluated && !any_failed) {
      findings.push_back(found(Code::quote_part_missing, detail_of(each)));
      return;
    }
  }
}

std::vector<Finding> check_quote(const TeeAppraisal& appraisal, std::string_view tee,
                                 const Policy& policy) {
  std::vector<Finding> findings;
  append_failures(appraisal, Stage::quote, findings);
  append_missing(appraisal, findings);
  if (!appraisal.is_genuine) {
    if (findings.empty()) {
      findings.push_back(found(Code::quote_not_genuine, "a check of the chain could not be done"));
    }
    return findings;
  }
  if (appraisal.kind != TeeKind::confidential_space) {
    findings.push_back(found(Code::quote_chain_ok, std::string(to_string(appraisal.kind))));
  }
  if (tee != to_string(appraisal.kind)) {
    findings.push_back(found(Code::quote_kind_differs));
  }
  if (std::ranges::find(policy.kinds, appraisal.kind) == policy.kinds.end()) {
    findings.push_back(found(Code::quote_kind_refused));
  }
  return findings;
}

std::vector<Finding> check_report_data(const TeeAppraisal& appraisal) {
  std::vector<Finding> findings;
  append_failures(appraisal, Stage::report_data, findings);
  if (findings.empty()) {
    findings.push_back(appraisal.is_genuine && has_passed(report_data_of(appraisal))
                           ? found(Code::report_data_ok)
                           : not_reached(Stage::report_data));
  }
  return findings;
}

std::vector<Finding> check_measurement(const TeeAppraisal& appraisal) {
  if (!appraisal.is_genuine) {
    return {not_reached(Stage::measurement)};
  }
  std::vector<Finding> findings;
  append_failures(appraisal, Stage::measurement, findings);
  const TeeFinding* values = measurement_of(appraisal);
  if (has_passed(values)) {
    findings.push_back(found(Code::measurement_accepted));
  } else if (values != nullptr && values->outcome == TeeOutcome::not_asked) {
    findings.push_back(
        found(Code::measurement_accepted, "the policy accepts any: " + values->detail));
  }
  if (has_passed(appraisal.find("event_log", "log_replay"))) {
    findings.push_back(
        found(Code::event_log_accounts, std::to_string(appraisal.events.size()) + " events"));
  }
  return findings.empty() ? std::vector{not_reached(Stage::measurement)} : findings;
}

std::vector<Finding> check_tcb(const TeeAppraisal& appraisal, const Policy& policy) {
  std::vector<Finding> findings;
  append_failures(appraisal, Stage::tcb, findings);
  if (!appraisal.is_genuine) {
    return findings.empty() ? std::vector{not_reached(Stage::tcb)} : findings;
  }
  const bool is_debug_off = has_passed(appraisal.find("snp", "debug_off")) ||
                            has_passed(appraisal.find("nitro", "debug_off")) ||
                            has_passed(appraisal.find("tdx", "td_debug_off"));
  if (is_debug_off) {
    findings.push_back(found(Code::td_not_debug));
  }
  if (const auto* any = std::get_if<Any>(&policy.collateral)) {
    findings.push_back(found(Code::tcb_waived, any->reason));
  }
  if (findings.empty()) {
    findings.push_back(
        found(Code::tcb_accepted, "no vendor lists levels for this kind of evidence"));
  }
  return findings;
}

Finding check_revocation(const TeeAppraisal& appraisal) {
  const TeeFinding* finding = revocation_of(appraisal);
  if (has_passed(finding)) {
    return found(Code::revocation_ok);
  }
  if (finding != nullptr && finding->outcome == TeeOutcome::fail) {
    return found(Code::key_revoked, finding->detail);
  }
  return found(Code::revocation_not_evaluated);
}

TimeAnswer answer_at(UnixMillis at, std::string_view name, const TeeMaterial& material,
                     const Policy& policy, const attest::ReportData& binding) {
  const TeeAppraisal appraisal = appraise_tee(material, policy, binding, at);
  TimeAnswer out{.name = std::string(name),
                 .at = at,
                 .is_valid = appraisal.verdict == Verdict::verified,
                 .why = {}};
  for (const TeeFinding& each : appraisal.findings) {
    if (each.outcome == TeeOutcome::fail) {
      out.why.push_back(std::string(each.level) + "." + std::string(each.check));
    }
  }
  return out;
}

EvidenceFindings without_material(Code code, std::string detail) {
  return {.findings = {found(code, std::move(detail)), not_reached(Stage::report_data),
                       not_reached(Stage::measurement), not_reached(Stage::tcb)},
          .revocation = found(Code::revocation_not_evaluated),
          .answers = {}};
}

}  // namespace

EvidenceFindings check_tee_evidence(TeeKind kind, const BoundStatement& statement,
                                    const certificate::Proof& proof, const Policy& policy,
                                    const AppraisalTimes& times) {
  const auto expected = attest::bind_certificate(statement.slice, statement.run.signer,
                                                 statement.intent_leaf, statement.run.nonce);
  if (!expected) {
    return without_material(Code::report_data_differs, expected.error().message());
  }
  const auto material = tee_material_from(kind, proof.tee_quote, proof.collateral);
  if (!material) {
    return without_material(Code::quote_malformed, material.error().message());
  }
  // A public area that only its certificate vouches for is bound through the path to it.
  if (kind == TeeKind::tpm && !material->ak_public.empty() && !material->key_path) {
    return without_material(Code::quote_part_missing, "key_path");
  }
  const TeeAppraisal appraisal = appraise_tee(*material, policy, *expected, times.at);
  EvidenceFindings out{.findings = check_quote(appraisal, statement.run.tee, policy),
                       .revocation = check_revocation(appraisal),
                       .answers = {}};
  for (auto&& stage :
       {check_report_data(appraisal), check_measurement(appraisal), check_tcb(appraisal, policy)}) {
    out.findings.insert(out.findings.end(), stage.begin(), stage.end());
  }
  if (appraisal.is_genuine) {
    out.answers = {answer_at(times.stated_issue, "at_issue", *material, policy, *expected),
                   answer_at(times.clock, "now", *material, policy, *expected)};
  }
  return out;
}

}  // namespace mayfly::verifier
