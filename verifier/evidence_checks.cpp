#include "verifier/evidence_checks.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <variant>

#include "attest/model/binding.hpp"
#include "attest/model/evidence.hpp"
#include "attest/verify/tdx_quote.hpp"
#include "attest/verify/tdx_verify.hpp"
#include "verifier/tdx_anchors.hpp"
#include "verifier/tdx_codes.hpp"
#include "verifier/tdx_collateral_parts.hpp"
#include "verifier/tee_checks.hpp"
#include "verifier/tee_parts.hpp"

namespace mayfly::verifier {
namespace {

using attest::AnchorKind;
using attest::CheckOutcome;
using attest::TdxAppraisal;
using attest::TdxCheck;
using attest::TdxStage;

constexpr std::array<std::pair<std::string_view, std::uint16_t>, 2> tdx_formats{
    {{"tdx-quote-v4", 4}, {"tdx-quote-v5", 5}}};

// The quote's version that the format names.
std::optional<std::uint16_t> version_of(std::string_view format) {
  for (const auto& [name, version] : tdx_formats) {
    if (name == format) return version;
  }
  return std::nullopt;
}

attest::TdxPolicy tdx_policy_of(const Policy& policy, const Result<attest::ReportData>& expected) {
  attest::TdxPolicy tdx = policy.tdx;
  tdx.anchors = anchors_with_simulated(policy);
  tdx.report_data = Any{"there is no value that the quote could bind"};
  if (expected) {
    tdx.report_data = *expected;
  }
  // A certificate has one spelling: check_spelling() refuses any byte after the quote.
  tdx.padding = attest::Padding::zeros_accepted;
  return tdx;
}

bool is_simulated(const TdxAppraisal& appraisal) {
  return appraisal.anchor_kind == AnchorKind::simulated;
}

std::string detail_of(const attest::TdxFinding& finding) {
  return std::string(to_string(finding.check)) + ": " + finding.detail;
}

std::vector<Finding> failures_in(const TdxAppraisal& appraisal, Stage stage) {
  std::vector<Finding> findings;
  for (const attest::TdxFinding& each : appraisal.findings) {
    const Code code = code_of_failure(each.check);
    if (each.outcome == CheckOutcome::fail && meaning_of(code).stage == stage) {
      findings.push_back(found(code, detail_of(each)));
    }
  }
  return findings;
}

// One proof, one spelling: a byte that nothing signs could be changed unnoticed.
std::vector<Finding> check_spelling(ByteView quote, std::uint16_t version) {
  const auto parsed = attest::parse_tdx_quote(quote);
  if (!parsed) {
    return {};  // named by check_quote
  }
  std::vector<Finding> findings;
  if (parsed->version != version) {
    findings.push_back(found(Code::quote_malformed, "it is of another version than its format"));
  }
  if (!parsed->trailing_bytes.empty()) {
    findings.push_back(found(Code::quote_malformed, "there are bytes after the quote"));
  }
  if (!has_vendors_layout(parsed->pck_chain_pem)) {
    findings.push_back(
        found(Code::quote_malformed, "its certificate chain is not laid out as vendors write it"));
  }
  return findings;
}

std::vector<Finding> check_quote(const TdxAppraisal& appraisal, std::string_view tee,
                                 const Policy& policy) {
  std::vector<Finding> findings = failures_in(appraisal, Stage::quote);
  if (!appraisal.verified_body || !appraisal.anchor_kind) {
    if (findings.empty()) {
      findings.push_back(found(Code::quote_not_genuine, "a check of the chain could not be done"));
    }
    return findings;
  }
  const bool simulated = is_simulated(appraisal);
  findings.push_back(found(simulated ? Code::quote_simulated : Code::quote_chain_ok,
                           "the root is: " + appraisal.anchor_name));
  const attest::TeeKind kind = simulated ? attest::TeeKind::simulated_tdx : attest::TeeKind::tdx;
  if (tee != attest::to_string(kind)) {
    findings.push_back(found(Code::quote_kind_differs));
  }
  if (!simulated && std::ranges::find(policy.kinds, kind) == policy.kinds.end()) {
    findings.push_back(found(Code::quote_kind_refused));
  }
  return findings;
}

// Compared even when the quote's signatures are wrong: a quote made for something else is worth
// naming. It counts as a pass only when the quote is verified.
Finding check_report_data(const TdxAppraisal& appraisal, ByteView quote,
                          const Result<attest::ReportData>& expected) {
  if (!expected) {
    return found(Code::report_data_differs, expected.error().message());
  }
  const auto parsed = attest::parse_tdx_quote(quote);
  if (!parsed) {
    return not_reached(Stage::report_data);
  }
  if (parsed->body.report_data != *expected) {
    const auto half = expected->size() / 2;
    const bool statement_differs =
        !std::equal(expected->begin(), expected->begin() + half, parsed->body.report_data.begin());
    return found(Code::report_data_differs, statement_differs
                                                ? "it was made for another statement"
                                                : "it was made for another key, intent or nonce");
  }
  return appraisal.verified_body ? found(Code::report_data_ok) : not_reached(Stage::report_data);
}

Finding judge_registers(const TdxAppraisal& appraisal) {
  const attest::TdxFinding& finding = appraisal.finding(TdxCheck::td_measurement);
  switch (finding.outcome) {
    case CheckOutcome::pass: return found(Code::measurement_accepted, finding.detail);
    case CheckOutcome::not_asked:
      return found(Code::measurement_accepted, "the policy accepts any: " + finding.detail);
    case CheckOutcome::fail:
    case CheckOutcome::not_evaluated: break;
  }
  return found(Code::measurement_unknown, finding.detail);
}

// A log that was asked for and not given leaves the verdict open.
void append_logs(const TdxAppraisal& appraisal, std::vector<Finding>& findings) {
  for (const TdxCheck check : {TdxCheck::boot_log_replay, TdxCheck::boot_log_events,
                               TdxCheck::runtime_log_replay, TdxCheck::runtime_log_events}) {
    if (appraisal.finding(check).outcome == CheckOutcome::fail) {
      findings.push_back(found(code_of_failure(check), detail_of(appraisal.finding(check))));
    }
  }
  for (const TdxCheck replay : {TdxCheck::boot_log_replay, TdxCheck::runtime_log_replay}) {
    const attest::TdxFinding& finding = appraisal.finding(replay);
    const std::size_t count = replay == TdxCheck::boot_log_replay ? appraisal.boot_events.size()
                                                                  : appraisal.runtime_events.size();
    if (finding.outcome == CheckOutcome::pass) {
      findings.push_back(found(Code::event_log_accounts, std::string(to_string(replay)) + ": " +
                                                             std::to_string(count) + " events"));
    } else if (finding.outcome == CheckOutcome::not_evaluated) {
      findings.push_back(found(Code::quote_part_missing, detail_of(finding)));
    }
  }
}

std::vector<Finding> check_measurement(const TdxAppraisal& appraisal) {
  if (!appraisal.verified_body) {
    return {not_reached(Stage::measurement)};
  }
  if (is_simulated(appraisal)) {
    return {found(Code::measurement_simulated)};
  }
  std::vector<Finding> findings{judge_registers(appraisal)};
  append_logs(appraisal, findings);
  return findings;
}

// What was found of the hardware's firmware, at best.
Finding tcb_standing(const TdxAppraisal& appraisal, const Policy& policy) {
  if (const auto* any = std::get_if<Any>(&policy.collateral)) {
    return found(Code::tcb_waived, any->reason);
  }
  if (!appraisal.tcb || appraisal.outcome_of(TdxStage::collateral) == CheckOutcome::not_evaluated) {
    return found(Code::tcb_not_evaluated);
  }
  return found(Code::tcb_accepted, std::string(to_string(appraisal.tcb->standing.status)));
}

std::vector<Finding> check_tcb(const TdxAppraisal& appraisal, const Policy& policy) {
  if (!appraisal.verified_body) {
    return {not_reached(Stage::tcb)};
  }
  if (is_simulated(appraisal)) {
    return {found(Code::tcb_simulated)};
  }
  std::vector<Finding> findings = failures_in(appraisal, Stage::tcb);
  if (appraisal.finding(TdxCheck::td_debug_off).outcome == CheckOutcome::pass) {
    findings.push_back(found(Code::td_not_debug));
  }
  if (appraisal.outcome_of(TdxStage::collateral) != CheckOutcome::fail) {
    findings.push_back(tcb_standing(appraisal, policy));
  }
  return findings;
}

Finding check_revocation(const TdxAppraisal& appraisal) {
  const attest::TdxFinding& finding = appraisal.finding(TdxCheck::revocation);
  switch (finding.outcome) {
    case CheckOutcome::pass: return found(Code::revocation_ok);
    case CheckOutcome::fail: return found(Code::key_revoked, finding.detail);
    case CheckOutcome::not_evaluated:
    case CheckOutcome::not_asked: break;
  }
  return found(Code::revocation_not_evaluated);
}

// Would everything that the policy asks be met at this time?
TimeAnswer answer_at(UnixMillis at, std::string_view name, const certificate::Proof& proof,
                     const TdxMaterial& material, const attest::TdxPolicy& policy) {
  const TdxAppraisal appraisal =
      attest::verify_tdx(proof.tee_quote, material.lists, policy, at, material.logs);
  TimeAnswer out{.name = std::string(name),
                 .at = at,
                 .is_valid = appraisal.verdict == attest::TdxVerdict::accepted,
                 .why = {}};
  for (const attest::TdxFinding& finding : appraisal.findings) {
    if (finding.outcome == CheckOutcome::fail) {
      out.why.emplace_back(to_string(finding.check));
    }
  }
  return out;
}

EvidenceFindings without_quote(Code code, std::string detail) {
  return {.findings = {found(code, std::move(detail)), not_reached(Stage::report_data),
                       not_reached(Stage::measurement), not_reached(Stage::tcb)},
          .revocation = found(Code::revocation_not_evaluated),
          .answers = {}};
}

}  // namespace

EvidenceFindings check_evidence(const BoundStatement& statement, const certificate::Proof& proof,
                                const Policy& policy, const AppraisalTimes& times) {
  const auto version = version_of(proof.tee_format);
  const auto kind = tee_kind_of(proof.tee_format, proof.collateral);
  if ((!version && !kind) || !attest::tee_kind_from_string(statement.run.tee)) {
    return without_quote(Code::quote_format_unknown,
                         "known: tdx-quote-v4, tdx-quote-v5, snp-report, tpm2-quote, "
                         "nitro-document, azure-vtpm-quote, google-attestation-token");
  }
  if (proof.tee_quote.empty()) {
    return without_quote(Code::quote_missing, "");
  }
  if (kind) {
    return check_tee_evidence(*kind, statement, proof, policy, times);
  }
  const auto expected = attest::bind_certificate(statement.slice, statement.run.signer,
                                                 statement.intent_leaf, statement.run.nonce);
  const attest::TdxPolicy tdx_policy = tdx_policy_of(policy, expected);
  const auto material =
      proof.collateral ? tdx_material_from(*proof.collateral) : Result<TdxMaterial>();
  const bool is_asked = std::holds_alternative<Required>(policy.collateral);
  TdxMaterial used = material ? *material : TdxMaterial();
  if (!is_asked) used.lists = {};
  const TdxAppraisal appraisal =
      attest::verify_tdx(proof.tee_quote, used.lists, tdx_policy, times.at, used.logs);
  EvidenceFindings out{.findings = check_quote(appraisal, statement.run.tee, policy),
                       .revocation = check_revocation(appraisal),
                       .answers = {}};
  std::ranges::copy(check_spelling(proof.tee_quote, *version), std::back_inserter(out.findings));
  out.findings.push_back(check_report_data(appraisal, proof.tee_quote, expected));
  std::ranges::copy(check_measurement(appraisal), std::back_inserter(out.findings));
  std::ranges::copy(check_tcb(appraisal, policy), std::back_inserter(out.findings));
  if (!material) {
    out.findings.push_back(found(Code::collateral_not_genuine, material.error().message()));
  } else if (proof.collateral && is_asked && !is_simulated(appraisal)) {
    out.answers = {answer_at(times.stated_issue, "at_issue", proof, used, tdx_policy),
                   answer_at(times.clock, "now", proof, used, tdx_policy)};
  }
  return out;
}

}  // namespace mayfly::verifier
