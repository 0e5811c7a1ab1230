#include "verifier/verify.hpp"

#include <algorithm>
#include <utility>

#include "certificate/attempt_text.hpp"
#include "certificate/canonical_json.hpp"
#include "certificate/decode.hpp"
#include "verifier/disclosure_checks.hpp"
#include "verifier/evidence_checks.hpp"
#include "verifier/log_checks.hpp"
#include "verifier/statement_checks.hpp"
#include "verifier/time_checks.hpp"

namespace mayfly::verifier {
namespace {

using certificate::DecodedCertificate;

void append(std::vector<Finding>& findings, std::vector<Finding> more) {
  std::ranges::move(more, std::back_inserter(findings));
}

// Why the bytes could not be decoded: not canonical JSON at all, or canonical and something else.
std::vector<Finding> undecodable(ByteView certificate, const Error& error) {
  if (const auto canonical = certificate::check_canonical(certificate); !canonical) {
    const bool is_too_large = canonical.error().code() == ErrorCode::limit;
    return {found(is_too_large ? Code::parse_too_large : Code::parse_not_canonical,
                  canonical.error().message()),
            not_reached(Stage::schema), not_reached(Stage::ids)};
  }
  switch (error.code()) {
    case ErrorCode::rejected:  // every member is right by itself, and they do not fit together
      return {found(Code::parse_ok), found(Code::schema_ok),
              found(Code::subject_differs, error.message())};
    case ErrorCode::internal:
      return {found(Code::parse_ok), internal_error(Stage::schema, error.message()),
              not_reached(Stage::ids)};
    case ErrorCode::malformed:
    case ErrorCode::limit:
    case ErrorCode::unavailable: break;
  }
  return {found(Code::parse_ok), found(Code::schema_broken, error.message()),
          not_reached(Stage::ids)};
}

void append_not_reached_after_ids(std::vector<Finding>& findings) {
  for (auto stage = std::to_underlying(Stage::ids) + 1U; stage < stage_count; ++stage) {
    findings.push_back(not_reached(static_cast<Stage>(stage)));
  }
}

Stated stated_by(const DecodedCertificate& decoded, const certificate::RecomputedIds& ids) {
  const certificate::Claim& claim = decoded.statement.claim;
  const certificate::Run& run = decoded.statement.run;
  Stated stated{.certificate_id = ids.certificate_id,
                .claim_hash = ids.claim_hash,
                .input_hash = crypto::to_text(claim.input_hash),
                .dataset_hash = claim.dataset_hash,
                .dataset_format = claim.dataset_format,
                .dataset_bytes = claim.dataset_bytes,
                .sandbox_hash = crypto::to_text(claim.sandbox_hash),
                .command = claim.sandbox.command,
                .result_digest = crypto::to_text(claim.result.digest),
                .result_media_type = claim.result.media_type,
                .result_bytes = claim.result.size,
                .result_status = claim.result.status,
                .result_exit_code = claim.result.exit_code,
                .result_value = result_value(decoded),
                .result_withheld = result_is_withheld(decoded),
                .result_truncated = claim.result.truncated,
                .assertions = {},
                .run_id = run.run_id,
                .attempt = certificate::attempt_text(run.attempt),
                .tee = run.tee,
                .assurance = run.assurance,
                .time_source = run.time_source,
                .issued_at = decoded.proof.timestamp};
  for (const certificate::Assertion& assertion : claim.assertions) {
    stated.assertions.push_back(assertion.name + " " + assertion.op + " " + assertion.value + ": " +
                                assertion.verdict);
  }
  return stated;
}

std::vector<Finding> check_signer(const certificate::Run& run, const Policy& policy) {
  const auto* listed = std::get_if<std::vector<SignerKey>>(&policy.signers);
  if (listed == nullptr || std::ranges::any_of(*listed, [&run](const SignerKey& key) {
        return std::ranges::equal(key, run.signer);
      })) {
    return {};
  }
  return {found(Code::signer_refused)};
}

// The last stage: does what was found meet the policy? It adds nothing that was not found before.
Finding check_policy(const std::vector<Finding>& findings) {
  Effect strongest = Effect::none;
  for (const Finding& finding : findings) {
    strongest = std::max(strongest, meaning_of(finding.code).effect);
  }
  if (strongest >= Effect::contradicted) {
    return not_reached(Stage::policy);
  }
  return found(strongest == Effect::none ? Code::policy_met : Code::policy_not_met);
}

struct Judged {
  std::vector<Finding> findings;
  std::vector<TimeAnswer> answers;
};

Judged judge(const DecodedCertificate& decoded, const certificate::RecomputedIds& ids,
             const Policy& policy, UnixMillis now, const Supplied& supplied, LogJudgement logged,
             TimeJudgement timed, DisclosureJudgement disclosed) {
  const certificate::Statement& statement = decoded.statement;
  std::vector<Finding> findings{found(Code::parse_ok), found(Code::schema_ok)};
  append(findings, check_ids(decoded, ids));
  findings.push_back(check_dataset(statement.claim, supplied.dataset_hash));
  append(findings, check_signatures(decoded));
  append(findings, check_signer(statement.run, policy));
  EvidenceFindings evidence = check_evidence({.slice = decoded.statement_slice,
                                              .run = statement.run,
                                              .intent_leaf = intent_leaf_of(decoded.proof)},
                                             decoded.proof, policy,
                                             {.at = timed.existed_before.value_or(now),
                                              .stated_issue = decoded.proof.timestamp,
                                              .clock = supplied.clock.value_or(now)});
  append(findings, std::move(evidence.findings));
  append(findings, check_lifecycle(decoded));
  append(findings, std::move(logged.log));
  append(findings, std::move(logged.witnesses));
  append(findings, std::move(timed.findings));
  append(findings, std::move(logged.attempts));
  findings.push_back(std::move(evidence.revocation));
  append(findings, std::move(logged.revocation));
  append(findings, std::move(disclosed.findings));
  findings.push_back(check_policy(findings));
  return {std::move(findings), std::move(evidence.answers)};
}

// The section of the policy that the report speaks of; TDX's for what names no known kind.
attest::TeeKind kind_of(const Result<DecodedCertificate>& decoded) {
  constexpr auto otherwise = attest::TeeKind::tdx;
  return decoded ? attest::tee_kind_from_string(decoded->statement.run.tee).value_or(otherwise)
                 : otherwise;
}

}  // namespace

Report verify(ByteView certificate, const Policy& policy, UnixMillis now,
              const Supplied& supplied) {
  const auto decoded = certificate::decode_certificate(certificate);
  const attest::TeeKind kind = kind_of(decoded);
  Report report{.appraised_at = now,
                .policy = policy.name,
                .policy_hash = policy.hash,
                .weakenings = weakenings_of(policy, kind),
                .not_asked = not_asked_by(policy, kind),
                .stated = std::nullopt,
                .findings = {},
                .environment_is_asked_for = asks_for_measurement(policy, kind)};
  const auto ids = decoded ? certificate::recompute_ids(*decoded)
                           : Result<certificate::RecomputedIds>(std::unexpected(decoded.error()));
  if (!ids) {
    report.findings = undecodable(certificate, ids.error());
    append_not_reached_after_ids(report.findings);
    return report;
  }
  report.stated = stated_by(*decoded, *ids);
  LogJudgement logged = judge_log(*decoded, supplied.log_policy, supplied.log);
  report.selection = logged.selection;
  report.log_trust = logged.log_trust;
  TimeJudgement timed = judge_time(*decoded, policy.time, now);
  report.appraised_at = timed.existed_before.value_or(now);
  report.existed_before = timed.existed_before;
  DisclosureJudgement disclosed = judge_disclosures(*decoded, supplied.trace);
  report.shown = disclosed.shown;
  Judged judged = judge(*decoded, *ids, policy, now, supplied, std::move(logged), std::move(timed),
                        std::move(disclosed));
  report.findings = std::move(judged.findings);
  report.answers = std::move(judged.answers);
  report.fields = grade_fields(decoded->statement, report.findings, policy);
  // What existed then was no certificate.
  if (report.verdict() == Verdict::contradicted) report.existed_before.reset();
  return report;
}

}  // namespace mayfly::verifier
