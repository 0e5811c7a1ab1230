#include "verifier/session_checks.hpp"

#include <algorithm>
#include <utility>

#include "attest/model/session_binding.hpp"
#include "attest/verify/tdx_verify.hpp"
#include "verifier/evidence_report.hpp"
#include "verifier/object_text.hpp"
#include "verifier/tdx_anchors.hpp"
#include "verifier/tdx_collateral_parts.hpp"
#include "verifier/tee_appraisal.hpp"
#include "verifier/tee_parts.hpp"
#include "verifier/tee_report.hpp"

namespace mayfly::verifier {
namespace {

using attest::TeeKind;
using certificate::SessionAttestation;

SessionJudgement refused(Verdict verdict, const std::string& why) {
  ObjectText json;
  json.integer("exit_code", exit_code(verdict));
  json.string("schema", "mayfly/evidence-report/v1");
  json.string("verdict", to_string(verdict));
  json.string("verdict_text", why);
  return {.verdict = verdict,
          .report_json = std::move(json).finish(),
          .report_text = std::string(to_string(verdict)) + ": " + why + "\n"};
}

SessionJudgement judge_tdx(const SessionAttestation& session, const attest::ReportData& expected,
                           const Policy& given, UnixMillis at) {
  Policy policy = given;
  policy.tdx.anchors = anchors_with_simulated(policy);
  policy.tdx.report_data = expected;
  const auto given_parts = session.evidence.collateral
                               ? tdx_material_from(*session.evidence.collateral)
                               : Result<TdxMaterial>();
  if (!given_parts) {
    return refused(Verdict::malformed, given_parts.error().message());
  }
  const TdxMaterial& parts = *given_parts;
  const bool is_asked = std::holds_alternative<Required>(policy.collateral);
  const EvidenceReport report{
      .appraised_at = at,
      .policy = policy,
      .appraisal = attest::verify_tdx(session.evidence.quote,
                                      is_asked ? parts.lists : attest::TdxCollateral(), policy.tdx,
                                      at, parts.logs)};
  return {.verdict = verdict_of(report.appraisal),
          .report_json = evidence_report_json(report),
          .report_text = evidence_report_text(report)};
}

SessionJudgement judge_other(const SessionAttestation& session, TeeKind kind,
                             const attest::ReportData& expected, const Policy& policy,
                             UnixMillis at) {
  const auto material =
      tee_material_from(kind, session.evidence.quote, session.evidence.collateral);
  if (!material) {
    return refused(Verdict::malformed, material.error().message());
  }
  const TeeAppraisal appraisal = appraise_tee(*material, policy, expected, at);
  const TeeReport report{.appraised_at = at, .policy = policy, .appraisal = appraisal};
  return {.verdict = appraisal.verdict,
          .report_json = tee_report_json(report),
          .report_text = tee_report_text(report)};
}

// A simulated quote is never `verified`, so a hardware one that calls itself simulated is refused.
bool accepts(const Policy& policy, TeeKind kind) {
  return std::ranges::find(policy.kinds, kind) != policy.kinds.end();
}

}  // namespace

SessionJudgement judge_session(const SessionAttestation& session, ByteView nonce,
                               const Policy& policy, UnixMillis at) {
  const auto kind = attest::tee_kind_from_string(session.evidence.kind);
  if (!kind) {
    return refused(Verdict::inconclusive, kind.error().message());
  }
  if (session.manifest.tee != session.evidence.kind) {
    return refused(Verdict::contradicted, "the manifest names another kind of TEE than its quote");
  }
  const ByteView upload_key =
      session.manifest.upload_key ? ByteView(*session.manifest.upload_key) : ByteView();
  const auto expected = attest::bind_session(bytes_of(session.manifest_text),
                                             session.manifest.signer, upload_key, nonce);
  if (!expected) {
    return refused(Verdict::malformed, expected.error().message());
  }
  const bool is_tdx = *kind == TeeKind::tdx || *kind == TeeKind::simulated_tdx;
  const bool is_named =
      is_tdx ? session.evidence.format.starts_with("tdx-quote-v")
             : tee_kind_of(session.evidence.format, session.evidence.collateral) == *kind;
  if (!is_named) {
    return refused(Verdict::contradicted, "the quote's format is another kind's");
  }
  SessionJudgement out = is_tdx ? judge_tdx(session, *expected, policy, at)
                                : judge_other(session, *kind, *expected, policy, at);
  if (out.verdict == Verdict::verified && !accepts(policy, *kind)) {
    return refused(Verdict::refused, "the policy does not accept this kind of TEE");
  }
  return out;
}

}  // namespace mayfly::verifier
