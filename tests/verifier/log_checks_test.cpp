// What a certificate's log proofs show, and what they are refused for.
#include "verifier/log_checks.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text_encoding.hpp"
#include "tests/verifier/logged_draft.hpp"
#include "transparency/log_proof.hpp"
#include "verifier/report_text.hpp"
#include "verifier/verify.hpp"

namespace mayfly::verifier {
namespace {

using test::LogChanges;
using test::logged_draft;

Report judge_logged(const test::Draft& draft, const Supplied& supplied = {}) {
  return verify(build(draft), default_policy(), test::appraised_at, supplied);
}
bool log_report_has(const Report& report, Code code) {
  return std::ranges::any_of(report.findings,
                             [code](const Finding& finding) { return finding.code == code; });
}
void expect_refused(const LogChanges& changes, Code code) {
  const Report report = judge_logged(logged_draft(changes));
  EXPECT_TRUE(log_report_has(report, code)) << meaning_of(code).name;
  EXPECT_EQ(report.verdict(), Verdict::contradicted) << meaning_of(code).name;
  EXPECT_EQ(report.selection, "uncounted") << meaning_of(code).name;
}

transparency::LogPolicy policy_of(const std::string& text) {
  auto policy = transparency::parse_log_policy(bytes_of(text));
  EXPECT_TRUE(policy) << policy.error().message();
  return *policy;
}

TEST(LoggedCertificate, SaysWhichAttemptItIsBesideItsResult) {
  const Report report = judge_logged(logged_draft());
  EXPECT_EQ(report.verdict(), Verdict::unattested);
  EXPECT_TRUE(log_report_has(report, Code::log_included));
  EXPECT_TRUE(log_report_has(report, Code::attempts_counted));
  EXPECT_TRUE(log_report_has(report, Code::witnesses_operator_only));
  EXPECT_EQ(report.selection, "counted 3 of 3");
  EXPECT_EQ(report.log_trust, "operator-only");
  const std::string text = report_text(report, Colour::none);
  EXPECT_NE(text.find("3 of 3 on this dataset, 2 with this very input, 1 without an end"),
            std::string::npos)
      << text;
}

TEST(LoggedCertificate, WithoutItsProofsIsContradictedByItsQuote) {
  LogChanges both;
  both.proof = [](certificate::Proof& proof) { proof.log.reset(), proof.intent_log.reset(); };
  const Report report = judge_logged(logged_draft(both));
  EXPECT_TRUE(log_report_has(report, Code::log_missing));
  EXPECT_TRUE(log_report_has(report, Code::report_data_differs));
  LogChanges result;
  result.proof = [](certificate::Proof& proof) { proof.log.reset(); };
  EXPECT_TRUE(log_report_has(judge_logged(logged_draft(result)), Code::log_missing));
  EXPECT_EQ(meaning_of(Code::log_missing).effect, Effect::inconclusive);
}

TEST(LoggedCertificate, IsRefusedWithTheEntriesOfAnotherRun) {
  for (const auto& change : std::vector<std::function<void(transparency::IntentEntry&)>>{
           [](auto& intent) { intent.dataset_hash = "none"; },
           [](auto& intent) { intent.input_hash.bytes[0] ^= 1; },
           [](auto& intent) { intent.signer[0] ^= 1; },
           [](auto& intent) { intent.study = crypto::sha256({}); }}) {
    LogChanges changes;
    changes.intent = change;
    expect_refused(changes, Code::log_entry_differs);
  }
  for (const auto& change : std::vector<std::function<void(transparency::ResultEntry&)>>{
           [](auto& result) { result.run_id = "run_" + std::string(32, '9'); },
           [](auto& result) { result.intent.bytes[0] ^= 1; },
           [](auto& result) { result.statement.bytes[0] ^= 1; },
           [](auto& result) { result.claim.bytes[0] ^= 1; }}) {
    LogChanges changes;
    changes.result = change;
    expect_refused(changes, Code::log_entry_differs);
  }
}

TEST(LoggedCertificate, IsRefusedWithACheckpointByAnotherKey) {
  LogChanges changes;
  changes.attempt = [](certificate::Attempt& attempt) {
    attempt.log = to_text(
        test::fixed_note_signer("log.example/mayfly", transparency::KeyType::ed25519, 99).key());
  };
  expect_refused(changes, Code::log_signature_wrong);
}

TEST(LoggedCertificate, IsRefusedIfTheLogForkedAfterItWasCounted) {
  LogChanges changes;
  changes.attempt = [](certificate::Attempt& attempt) { attempt.log_root.bytes[5] ^= 1; };
  expect_refused(changes, Code::log_inconsistent);
  LogChanges intent;
  intent.proof = [](certificate::Proof& proof) { proof.intent_log->consistency[0].bytes[0] ^= 1; };
  expect_refused(intent, Code::log_inconsistent);
}

TEST(LoggedCertificate, IsRefusedIfItsPlacesAreOutOfOrder) {
  LogChanges later;
  later.attempt = [](certificate::Attempt& attempt) { attempt.log_size = 5; };  // its own result
  expect_refused(later, Code::log_disordered);
  LogChanges earlier;
  earlier.attempt = [](certificate::Attempt& attempt) { attempt.log_size = 3; };
  expect_refused(earlier, Code::log_disordered);
}

TEST(LoggedCertificate, IsRefusedWithABrokenProof) {
  LogChanges path;
  path.proof = [](certificate::Proof& proof) {
    auto parsed = transparency::parse_log_proof(bytes_of(proof.log->proof)).value();
    parsed.hashes[0].bytes[3] ^= 1;
    proof.log->proof = to_text(parsed);
  };
  expect_refused(path, Code::log_not_included);
  LogChanges extra;
  extra.proof = [](certificate::Proof& proof) {
    auto parsed = transparency::parse_log_proof(bytes_of(proof.log->proof)).value();
    parsed.extra = Bytes{1};
    proof.log->proof = to_text(parsed);
  };
  expect_refused(extra, Code::log_malformed);
  LogChanges swapped;
  swapped.proof = [](certificate::Proof& proof) { proof.log = proof.intent_log; };
  expect_refused(swapped, Code::log_malformed);
}

TEST(LoggedCertificate, IsRefusedIfItsNumbersCannotBe) {
  for (const auto& change : std::vector<std::function<void(certificate::Attempt&)>>{
           [](auto& attempt) { attempt.number = 4; }, [](auto& attempt) { attempt.number = 0; },
           [](auto& attempt) { attempt.open = 3; }, [](auto& attempt) { attempt.same_input = 4; },
           [](auto& attempt) { attempt.dataset_total = 5; }}) {
    LogChanges changes;
    changes.attempt = change;
    expect_refused(changes, Code::attempts_impossible);
  }
}

TEST(LoggedCertificate, IsRefusedIfItsStatementKnowsOfNoLog) {
  test::Draft draft = logged_draft();
  draft.statement.run.attempt.reset();
  const Report report = judge_logged(draft);
  EXPECT_TRUE(log_report_has(report, Code::log_unexpected));
  EXPECT_EQ(report.verdict(), Verdict::contradicted);
}

TEST(LogPolicyGiven, AsksForItsQuorumOfWitnesses) {
  const auto policy = policy_of(test::log_policy_text());
  const Supplied supplied{.log_policy = &policy};
  for (std::size_t cosigners = 0; cosigners <= 3; ++cosigners) {
    const Report report = judge_logged(logged_draft({.cosigners = cosigners}), supplied);
    EXPECT_EQ(log_report_has(report, Code::witnesses_met), cosigners >= 2);
    EXPECT_EQ(log_report_has(report, Code::witnesses_too_few), cosigners < 2);
    EXPECT_EQ(report.log_trust, cosigners >= 2
                                    ? "witnessed by " + std::to_string(cosigners) + " of 3"
                                    : "operator-only");
  }
}

TEST(LogPolicyGiven, RefusesALogThatItDoesNotListAndACertificateInNone) {
  const auto other = test::fixed_note_signer("log.example/b", transparency::KeyType::ed25519, 50);
  const auto policy = policy_of("log " + to_text(other.key()) + "\nquorum none\n");
  const Supplied supplied{.log_policy = &policy};
  EXPECT_TRUE(log_report_has(judge_logged(logged_draft(), supplied), Code::log_not_trusted));
  EXPECT_TRUE(log_report_has(judge_logged(test::Draft{}, supplied), Code::log_required));
}

TEST(LogPolicyGiven, RefusesACosignatureThatIsNotTheWitnesss) {
  const auto policy = policy_of(test::log_policy_text());
  LogChanges changes{.cosigners = 3};
  changes.proof = [](certificate::Proof& proof) {
    auto parsed = transparency::parse_log_proof(bytes_of(proof.log->proof)).value();
    parsed.signed_checkpoint.note.signatures[2].signature[20] ^= 1;
    proof.log->proof = to_text(parsed);
  };
  const Report report = judge_logged(logged_draft(changes), {.log_policy = &policy});
  EXPECT_TRUE(log_report_has(report, Code::witness_signature_wrong));
  EXPECT_EQ(report.verdict(), Verdict::contradicted);
}

// 100 runs and publishing the best: the certificate was made early, the log says how it went on.
TEST(LogGiven, CountsAgainAndSaysHowManyThereAreByNow) {
  const test::Draft draft = logged_draft();
  const auto copy = test::log_of(draft, 90);
  const Report report = judge_logged(draft, {.log = &copy});
  EXPECT_TRUE(log_report_has(report, Code::attempts_recounted));
  EXPECT_EQ(report.selection, "counted 3 of 93");
}

TEST(LogGiven, ContradictsNumbersThatItDoesNotBearOut) {
  LogChanges changes;
  changes.attempt = [](certificate::Attempt& attempt) { attempt.same_input = 1; };
  const test::Draft draft = logged_draft(changes);
  const auto copy = test::log_of(draft, 0);
  const Report report = judge_logged(draft, {.log = &copy});
  EXPECT_TRUE(log_report_has(report, Code::attempts_differ));
  EXPECT_EQ(report.verdict(), Verdict::contradicted);
}

TEST(LogGiven, ThatIsAnotherOneContradicts) {
  test::Draft other;
  other.statement.run.run_id = "run_" + std::string(32, '7');
  const auto copy = test::log_of(other, 3);
  const Report report = judge_logged(logged_draft(), {.log = &copy});
  EXPECT_TRUE(log_report_has(report, Code::attempts_other_log));
  EXPECT_EQ(report.verdict(), Verdict::contradicted);
}

// Each of what can be revoked, of this certificate or of another.
std::vector<transparency::RevocationEntry> revocations_of(const test::Draft& draft) {
  using transparency::RevokedThing;
  const auto decoded = certificate::decode_certificate(build(draft));
  const certificate::Run& run = draft.statement.run;
  const auto of = [](RevokedThing kind, std::string value) {
    return transparency::RevocationEntry{.kind = kind, .value = std::move(value), .reason = "bug"};
  };
  return {of(RevokedThing::certificate, decoded.value().stated_certificate_id),
          of(RevokedThing::key, hex_encode(decoded.value().statement.run.signer)),
          of(RevokedThing::measurement, crypto::to_text(run.software.mayfly)),
          of(RevokedThing::measurement, crypto::to_text(run.software.runner))};
}

TEST(LogGiven, ThatRevokesTheCertificateItsKeyOrItsProgramsRefusesIt) {
  const test::Draft draft = logged_draft();
  for (const auto& revocation : revocations_of(draft)) {
    const auto copy = test::log_of(draft, 3, {revocation});
    const Report report = judge_logged(draft, {.log = &copy});
    ASSERT_TRUE(log_report_has(report, Code::revoked_in_log)) << revocation.value;
    EXPECT_FALSE(log_report_has(report, Code::not_revoked_in_log));
    EXPECT_TRUE(log_report_has(report, Code::attempts_recounted)) << "it counts as no attempt";
    EXPECT_EQ(report.selection, "counted 3 of 6");
    EXPECT_NE(report_text(report, Colour::none).find(revocation.value + ": bug"),
              std::string::npos);
  }
  EXPECT_EQ(meaning_of(Code::revoked_in_log).effect, Effect::refused);
}

TEST(LogGiven, ThatRevokesAnotherSaysSoAsOfItsSize) {
  const test::Draft draft = logged_draft();
  auto others = revocations_of(draft);
  for (auto& each : others) each.value.back() = each.value.back() == '0' ? '1' : '0';
  const auto copy = test::log_of(draft, 0, others);
  const Report report = judge_logged(draft, {.log = &copy});
  EXPECT_FALSE(log_report_has(report, Code::revoked_in_log));
  EXPECT_TRUE(log_report_has(report, Code::not_revoked_in_log));
  EXPECT_NE(report_text(report, Colour::none)
                .find("as of its first " + std::to_string(copy.tree.size()) + " entries"),
            std::string::npos);
}

TEST(LogGiven, ThatIsNotTheCertificatesRevokesNothing) {
  test::Draft other;
  other.statement.run.run_id = "run_" + std::string(32, '7');
  const test::Draft draft = logged_draft();
  const auto copy = test::log_of(other, 3, revocations_of(draft));
  EXPECT_FALSE(log_report_has(judge_logged(draft, {.log = &copy}), Code::revoked_in_log));
}

TEST(StudyInACertificate, NeedsAnIntentThatNamesIt) {
  const auto selection = [](std::int64_t planned, std::int64_t started, std::int64_t finished) {
    LogChanges changes;
    const crypto::Sha256 study = crypto::sha256(bytes_of("study"));
    changes.attempt = [=](certificate::Attempt& attempt) {
      attempt.study = certificate::StudyProgress{.entry = study,
                                                 .planned = planned,
                                                 .started = started,
                                                 .finished = finished,
                                                 .closed = false};
    };
    test::Draft draft = logged_draft(changes);
    // The intent of this builder names no study: judge the numbers alone.
    const auto report = judge_logged(draft);
    EXPECT_TRUE(log_report_has(report, Code::log_entry_differs));
    return report.selection;
  };
  EXPECT_EQ(selection(3, 3, 2), "uncounted") << "an intent of no study cannot be in one";
}

}  // namespace
}  // namespace mayfly::verifier
