#include "verifier/evidence_checks.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <variant>

#include "attest/model/binding.hpp"
#include "attest/model/evidence.hpp"
#include "attest/model/simulated_root.hpp"
#include "attest/verify/tdx_quote.hpp"
#include "attest/verify/tdx_verify.hpp"
#include "crypto/pem.hpp"

namespace mayfly::verifier {
namespace {

using attest::AnchorKind;
using attest::CheckOutcome;
using attest::TdxAppraisal;
using attest::TdxCheck;
using attest::TdxStage;

constexpr std::string_view tdx_format = "tdx-quote-v4";

// The simulated root is known here only so that what ends in it can be called simulated: a policy
// that lists it as hardware, by whatever name, changes nothing.
std::vector<attest::TrustAnchor> anchors_of(const Policy& policy) {
  const attest::TrustAnchor simulated = attest::simulated_anchor();
  std::vector<attest::TrustAnchor> anchors{simulated};
  for (const attest::TrustAnchor& anchor : policy.anchors) {
    if (!std::ranges::equal(anchor.root_certificate, simulated.root_certificate)) {
      anchors.push_back(anchor);
    }
  }
  return anchors;
}

bool is_simulated(const TdxAppraisal& appraisal) {
  return appraisal.anchor_kind == AnchorKind::simulated;
}

std::string detail_of(const attest::TdxFinding& finding) {
  return std::string(to_string(finding.check)) + ": " + finding.detail;
}

Code code_of_failure(TdxCheck check) {
  switch (stage_of(check)) {
    case TdxStage::layout: return Code::quote_malformed;
    case TdxStage::chain:
      return check == TdxCheck::chain_validity ? Code::quote_chain_not_valid_at_time
                                               : Code::quote_not_genuine;
    case TdxStage::signatures: return Code::quote_not_genuine;
    case TdxStage::td_policy:
      return check == TdxCheck::td_debug_off ? Code::td_debug : Code::td_attributes_refused;
    case TdxStage::collateral: return Code::tcb_not_evaluated;
  }
  return Code::quote_not_genuine;
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

// No signature covers how the chain's PEM is laid out, so there is one layout: what vendors write.
bool has_vendors_layout(ByteView chain_pem) {
  constexpr std::size_t certificates_max = 8;
  const auto chain = crypto::split_pem_chain(chain_pem, certificates_max);
  std::string expected;
  if (chain) {
    for (const Bytes& der : *chain) {
      expected += crypto::pem_certificate(der);
    }
  }
  std::string_view text = text_of(chain_pem);
  if (text.ends_with('\0')) {
    text.remove_suffix(1);  // the terminator that most quoting libraries copy along
  }
  return !expected.empty() && text == expected;
}

// One proof, one spelling: a byte that nothing signs could be changed unnoticed.
std::vector<Finding> check_spelling(ByteView quote) {
  const auto parsed = attest::parse_tdx_quote(quote);
  if (!parsed) {
    return {};  // named by check_quote
  }
  std::vector<Finding> findings;
  if (parsed->trailing_zero_bytes != 0) {
    findings.push_back(found(Code::quote_malformed, "there are bytes after the quote"));
  }
  if (!has_vendors_layout(parsed->pck_chain_pem)) {
    findings.push_back(
        found(Code::quote_malformed, "its certificate chain is not laid out as vendors write it"));
  }
  return findings;
}

std::vector<Finding> check_quote(const TdxAppraisal& appraisal, std::string_view tee) {
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

Finding check_measurement(const TdxAppraisal& appraisal, const Policy& policy) {
  if (!appraisal.verified_body) {
    return not_reached(Stage::measurement);
  }
  if (is_simulated(appraisal)) {
    return found(Code::measurement_simulated);
  }
  const attest::TdQuoteBody& body = *appraisal.verified_body;
  const auto accepted =
      std::ranges::find_if(policy.measurements, [&body](const Measurement& measurement) {
        return measurement.mr_td == body.mr_td && measurement.rtmr == body.rtmr;
      });
  if (accepted == policy.measurements.end()) {
    return found(Code::measurement_unknown,
                 policy.measurements.empty() ? "the policy lists no measurements" : "");
  }
  return found(Code::measurement_accepted, accepted->name);
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
  if (appraisal.outcome_of(TdxStage::collateral) != CheckOutcome::pass) {
    const auto* any = std::get_if<Any>(&policy.collateral);
    findings.push_back(any != nullptr ? found(Code::tcb_waived, any->reason)
                                      : found(Code::tcb_not_evaluated));
  }
  return findings;
}

std::vector<Finding> without_quote(Code code, std::string detail) {
  return {found(code, std::move(detail)), not_reached(Stage::report_data),
          not_reached(Stage::measurement), not_reached(Stage::tcb)};
}

}  // namespace

std::vector<Finding> check_evidence(const BoundStatement& statement,
                                    const certificate::Proof& proof, const Policy& policy,
                                    UnixMillis at) {
  if (proof.tee_format != tdx_format || !attest::tee_kind_from_string(statement.run.tee)) {
    return without_quote(Code::quote_format_unknown, "known: " + std::string(tdx_format));
  }
  if (proof.tee_quote.empty()) {
    return without_quote(Code::quote_missing, "");
  }
  const auto expected = attest::bind_certificate(statement.slice, statement.run.signer,
                                                 statement.intent_leaf, statement.run.nonce);
  const TdxAppraisal appraisal = attest::appraise_tdx(proof.tee_quote, anchors_of(policy), at);
  std::vector<Finding> findings = check_quote(appraisal, statement.run.tee);
  std::ranges::copy(check_spelling(proof.tee_quote), std::back_inserter(findings));
  findings.push_back(check_report_data(appraisal, proof.tee_quote, expected));
  findings.push_back(check_measurement(appraisal, policy));
  std::ranges::copy(check_tcb(appraisal, policy), std::back_inserter(findings));
  return findings;
}

}  // namespace mayfly::verifier
