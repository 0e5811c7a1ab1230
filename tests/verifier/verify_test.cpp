// Goal: each thing that a certificate promises is checked. Method: a complete valid certificate,
// then one thing wrong, and everything around it made to fit.
#include "verifier/verify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "attest/model/simulated_root.hpp"
#include "base/file_io.hpp"
#include "certificate/canonical_json.hpp"
#include "tests/verifier/certificate_builder.hpp"
#include "tests/verifier/test_vendor.hpp"

namespace mayfly::verifier {
namespace {

using test::Draft;
using testing::Contains;
using testing::ElementsAre;

Report judge(ByteView certificate, const Supplied& supplied = {}) {
  return verify(certificate, default_policy(), test::appraised_at, supplied);
}

bool has(const Report& report, Code code) {
  return std::ranges::any_of(report.findings,
                             [code](const Finding& finding) { return finding.code == code; });
}

std::vector<std::string_view> failing(const Report& report) {
  std::vector<std::string_view> names;
  for (const Finding& finding : report.findings) {
    if (meaning_of(finding.code).state == State::fail) {
      names.push_back(meaning_of(finding.code).name);
    }
  }
  return names;
}

// What every honest simulated certificate fails with, and nothing else.
constexpr std::string_view simulated = "quote-simulated";
constexpr std::string_view not_met = "policy-not-met";

TEST(Verify, CallsASimulatedCertificateConsistentAndNothingStronger) {
  const Report report = judge(build(Draft{}));
  EXPECT_EQ(report.verdict(), Verdict::unattested);
  EXPECT_THAT(failing(report), ElementsAre(simulated, not_met));
  EXPECT_TRUE(has(report, Code::report_data_ok));
  EXPECT_TRUE(has(report, Code::signature_ok));
  EXPECT_TRUE(has(report, Code::attempts_uncounted));
  EXPECT_TRUE(has(report, Code::result_value_exact));
}

TEST(Verify, ReportsEveryStageInOrder) {
  const Bytes valid = build(Draft{});
  for (const ByteView bytes : {ByteView(valid), ByteView(valid).first(100), ByteView()}) {
    const Report report = judge(bytes);
    EXPECT_TRUE(std::ranges::is_sorted(report.findings, {}, &Finding::stage));
    for (std::size_t stage = 0; stage < stage_count; ++stage) {
      EXPECT_TRUE(std::ranges::any_of(report.findings, [stage](const Finding& finding) {
        return finding.stage == static_cast<Stage>(stage);
      })) << to_string(static_cast<Stage>(stage));
    }
  }
}

TEST(Verify, StatesWhatTheCertificateSays) {
  const Draft draft;
  const Report report = judge(build(draft));
  ASSERT_TRUE(report.stated);
  EXPECT_EQ(report.stated->dataset_hash, draft.statement.claim.dataset_hash);
  EXPECT_THAT(report.stated->assertions,
              ElementsAre("found == 2: true", "score.mean >= 0.95: false"));
  EXPECT_TRUE(report.stated->certificate_id.starts_with("cert_"));
}

TEST(Verify, ComparesTheDatasetThatTheCallerHolds) {
  const Bytes certificate = build(Draft{});
  const std::string same = crypto::to_text(crypto::sha256(bytes_of(test::sample_dataset)));
  const std::string other = crypto::to_text(crypto::sha256(bytes_of("other")));
  EXPECT_TRUE(has(judge(certificate, {same}), Code::dataset_matches));
  EXPECT_EQ(judge(certificate, {same}).verdict(), Verdict::unattested);
  EXPECT_TRUE(has(judge(certificate, {other}), Code::dataset_differs));
  EXPECT_EQ(judge(certificate, {other}).verdict(), Verdict::contradicted);
  EXPECT_TRUE(has(judge(certificate), Code::dataset_not_given));
}

// ---- parse and schema

TEST(Verify, RefusesWhatIsNotCanonical) {
  const Bytes certificate = build(Draft{});
  Bytes with_line_end = certificate;
  with_line_end.push_back('\n');
  for (const Bytes& bytes : {with_line_end, test::with_replaced(certificate, "\":", "\": "),
                             test::with_replaced(certificate, "{", "{\"a\":1,\"a\":1,"),
                             test::with_replaced(certificate, "\"size\":", "\"size\":0")}) {
    const Report report = judge(bytes);
    EXPECT_EQ(report.verdict(), Verdict::malformed);
    EXPECT_THAT(failing(report), ElementsAre("parse-not-canonical"));
    EXPECT_FALSE(report.stated);
  }
}

TEST(Verify, RefusesUnknownAndMissingMembers) {
  const Bytes certificate = build(Draft{});
  for (const auto& [from, to] : {std::pair{"{\"certificate_id\"", "{\"a\":0,\"certificate_id\""},
                                 std::pair{"\"attempt\":\"uncounted\",", ""},
                                 std::pair{"mayfly/certificate/v1", "mayfly/certificate/v2"},
                                 std::pair{"\"determinism\"", "\"determinisn\""}}) {
    const Report report = judge(test::with_replaced(certificate, from, to));
    EXPECT_EQ(report.verdict(), Verdict::malformed) << from;
    EXPECT_THAT(failing(report), ElementsAre("schema-broken")) << from;
  }
}

TEST(Verify, TakesTheLargestSizeForWhatItIsAndRefusesOneByteMoreUnread) {
  Bytes at_bound(certificate::json_bytes_max, ' ');
  EXPECT_THAT(failing(judge(at_bound)), ElementsAre("parse-not-canonical"));
  at_bound.push_back(' ');
  const Report report = judge(at_bound);
  EXPECT_THAT(failing(report), ElementsAre("parse-too-large"));
  EXPECT_EQ(report.verdict(), Verdict::malformed);
}

// ---- ids: signed and quoted as they stand, but not the hashes of what they name

struct WrongHash {
  std::string_view member;
  std::string_view code;
};
void PrintTo(const WrongHash& wrong, std::ostream* out) {
  *out << wrong.code;
}

class WrongHashes : public testing::TestWithParam<WrongHash> {};

TEST_P(WrongHashes, AreNamed) {
  Draft draft;
  draft.before_signing = [](std::string& text) {
    const std::string start = "\"" + std::string(GetParam().member) + "\":\"sha256:";
    const std::size_t digit = text.find(start) + start.size();
    text[digit] = text[digit] == '0' ? '1' : '0';
  };
  const Report report = judge(build(draft));
  EXPECT_EQ(report.verdict(), Verdict::contradicted);
  EXPECT_THAT(failing(report), ElementsAre(GetParam().code, simulated));
}

INSTANTIATE_TEST_SUITE_P(All, WrongHashes,
                         testing::Values(WrongHash{"sandbox_hash", "sandbox-hash-differs"},
                                         WrongHash{"input_hash", "input-hash-differs"}));

TEST(Verify, RefusesAnotherCertificateId) {
  const Report report =
      judge(test::with_replaced(build(Draft{}), "\"cert_", "\"cert_" + std::string(64, '0') + "x"));
  EXPECT_EQ(report.verdict(), Verdict::malformed);  // not even an id
  Bytes certificate = build(Draft{});
  const std::string start = "\"cert_";
  const auto at = std::ranges::search(certificate, start).end() - certificate.begin();
  std::uint8_t& digit = certificate[static_cast<std::size_t>(at)];
  digit = digit == '0' ? '1' : '0';
  EXPECT_THAT(failing(judge(certificate)), Contains("certificate-id-differs"));
  EXPECT_EQ(judge(certificate).verdict(), Verdict::contradicted);
}

// The top of the file and the subject agree with each other, and not with the claim.
TEST(Verify, RefusesAnotherClaimHash) {
  const Bytes certificate = build(Draft{});
  const std::string text(text_of(certificate));
  const std::string start = "\"claim_hash\":\"sha256:";
  const std::string hash = text.substr(text.find(start) + start.size(), 64);
  Draft draft;
  draft.before_signing = [&hash](std::string& statement) {
    test::replace_once(statement, hash, std::string(64, '7'));
  };
  const Report report = judge(test::with_replaced(build(draft), hash, std::string(64, '7')));
  EXPECT_THAT(failing(report), ElementsAre("claim-hash-differs", simulated));
  EXPECT_EQ(report.verdict(), Verdict::contradicted);
}

TEST(Verify, RefusesSubjectsOfAnotherClaim) {
  Draft draft;
  draft.before_signing = [&draft](std::string& text) {
    const std::string hash = crypto::to_text(draft.statement.claim.result.digest).substr(7);
    text.replace(text.rfind(hash), hash.size(), std::string(64, '0'));
  };
  const Report report = judge(build(draft));
  EXPECT_THAT(failing(report), ElementsAre("subject-differs"));
  EXPECT_EQ(report.verdict(), Verdict::contradicted);
}

TEST(Verify, RefusesProofAndStatementOfDifferentTees) {
  Draft draft;
  draft.before_encoding = [](certificate::Proof& proof) { proof.tee_kind = "tdx"; };
  const Report report = judge(build(draft));
  EXPECT_THAT(failing(report), ElementsAre("tee-kind-differs", simulated));
  EXPECT_EQ(report.verdict(), Verdict::contradicted);
}

TEST(Verify, RefusesAssertionVerdictsThatDoNotFollowFromTheResult) {
  for (const std::string verdict : {"true", "unknown"}) {
    Draft draft;
    draft.statement.claim.assertions[1].verdict = verdict;  // it is false
    const Report report = judge(build(draft));
    EXPECT_THAT(failing(report), ElementsAre("assertion-differs", simulated));
    EXPECT_EQ(report.verdict(), Verdict::contradicted);
  }
}

TEST(Verify, RefusesAJsonValueForAResultThatIsNotJson) {
  Draft draft;
  draft.statement.claim.result.media_type = "text/plain; charset=utf-8";
  EXPECT_THAT(failing(judge(build(draft))), ElementsAre("result-value-unreadable", simulated));
}

TEST(Verify, TakesNoValueFromAResultThatWasCut) {
  Draft draft;
  draft.statement.claim.result.truncated = true;
  draft.statement.run.output_truncated = true;
  draft.statement.run.usage.stdout_bytes = draft.statement.claim.limits.output_bytes + 1;
  EXPECT_THAT(failing(judge(build(draft))), ElementsAre("result-value-unreadable", simulated));
}

// Cut exactly when more was printed than may be kept, at the bound and one past it.
TEST(Verify, RefusesATruncationThatDoesNotFollowFromTheBytesPrinted) {
  Draft draft;
  const std::int64_t kept = draft.statement.claim.limits.output_bytes;
  draft.statement.run.usage.stdout_bytes = kept;
  EXPECT_EQ(judge(build(draft)).verdict(), Verdict::unattested);
  draft.statement.run.usage.stdout_bytes = kept + 1;
  draft.statement.run.output_truncated = true;
  EXPECT_THAT(failing(judge(build(draft))), ElementsAre("truncation-differs", simulated));
  draft.statement.claim.result.value.reset();
  for (auto& assertion : draft.statement.claim.assertions) assertion.verdict = "unknown";
  draft.statement.claim.result.truncated = true;
  EXPECT_EQ(judge(build(draft)).verdict(), Verdict::unattested);
  draft.statement.run.output_truncated = false;
  EXPECT_THAT(failing(judge(build(draft))), ElementsAre("truncation-differs", simulated));
}

TEST(Verify, SaysWhenAResultValueIsOnlyAReading) {
  Draft draft;
  draft.statement.claim.result.digest = crypto::sha256(bytes_of("{ \"found\": 2.0 }"));
  const Report report = judge(build(draft));
  EXPECT_TRUE(has(report, Code::result_value_unproven));
  EXPECT_EQ(report.verdict(), Verdict::unattested);
}

// ---- signature

TEST(Verify, RefusesASignatureOverAnotherStatement) {
  const Draft other = [] {
    Draft draft;
    draft.statement.run.run_id = "run_ffffffffffffffffffffffffffffffff";
    return draft;
  }();
  Draft draft;
  draft.before_encoding = [&other](certificate::Proof& proof) {
    proof.signatures = {other.signer.sign(bytes_of(statement_text(other)))};
  };
  const Report report = judge(build(draft));
  EXPECT_THAT(failing(report), ElementsAre("signature-wrong", "signature-missing", simulated));
  EXPECT_EQ(report.verdict(), Verdict::contradicted);
}

TEST(Verify, RefusesAValidSignatureByAnotherKey) {
  Draft draft;
  draft.before_encoding = [&draft](certificate::Proof& proof) {
    proof.signatures = {test::TestSigner(2).sign(bytes_of(statement_text(draft)))};
  };
  EXPECT_THAT(failing(judge(build(draft))),
              ElementsAre("signature-wrong", "signature-missing", simulated));
}

TEST(Verify, RefusesAStatementThatNamesAnotherSigner) {
  Draft draft;
  draft.statement.run.signer = test::TestSigner(2).public_key();
  EXPECT_THAT(failing(judge(build(draft))),
              ElementsAre("signature-wrong", "signature-missing", simulated));
}

TEST(Verify, RefusesACertificateWithoutSignature) {
  Draft draft;
  draft.before_encoding = [](certificate::Proof& proof) { proof.signatures.clear(); };
  const Report report = judge(build(draft));
  EXPECT_THAT(failing(report), ElementsAre("signature-missing", simulated));
  EXPECT_EQ(report.verdict(), Verdict::contradicted);
}

TEST(Verify, RefusesAWrongSignatureBesideARightOne) {
  Draft draft;
  draft.before_encoding = [](certificate::Proof& proof) {
    proof.signatures.push_back(proof.signatures[0]);
    proof.signatures[1].signature[0] ^= 1;
  };
  EXPECT_THAT(failing(judge(build(draft))), ElementsAre("signature-wrong", simulated));
}

// The key whose every signature over everything holds (order 1), and one of order 8.
TEST(Verify, RefusesSmallOrderKeys) {
  for (const std::uint8_t first : {std::uint8_t{1}, std::uint8_t{0}}) {
    Draft draft;
    Bytes key(32);
    key[0] = first;
    draft.statement.run.signer = key;
    draft.before_encoding = [&key](certificate::Proof& proof) {
      Bytes signature(64);
      signature[0] = 1;
      proof.signatures = {{.algorithm = "ed25519", .public_key = key, .signature = signature}};
    };
    EXPECT_EQ(judge(build(draft)).verdict(), Verdict::contradicted);
  }
}

// ---- quote and report_data

TEST(Verify, RefusesTheQuoteOfAnotherRun) {
  Draft other;
  other.statement.run.run_id = "run_ffffffffffffffffffffffffffffffff";
  Bytes other_quote;
  other.before_encoding = [&](certificate::Proof& proof) { other_quote = proof.tee_quote; };
  build(other);
  Draft draft;
  draft.before_encoding = [&](certificate::Proof& proof) { proof.tee_quote = other_quote; };
  const Report report = judge(build(draft));
  EXPECT_THAT(failing(report), ElementsAre(simulated, "report-data-differs"));
  EXPECT_EQ(report.verdict(), Verdict::contradicted);
}

TEST(Verify, RefusesTheQuoteOfAnotherDataset) {
  Draft other;
  other.statement.claim.dataset_hash = crypto::to_text(crypto::sha256(bytes_of("other")));
  Bytes other_quote;
  other.before_encoding = [&](certificate::Proof& proof) { other_quote = proof.tee_quote; };
  build(other);
  Draft draft;
  draft.before_encoding = [&](certificate::Proof& proof) { proof.tee_quote = other_quote; };
  EXPECT_EQ(judge(build(draft)).verdict(), Verdict::contradicted);
}

TEST(Verify, RefusesEveryChangedBitOfReportData) {
  for (std::size_t i = 0; i < 64; ++i) {
    Draft draft;
    draft.before_quoting = [i](attest::ReportData& data) { data[i] ^= 1; };
    EXPECT_THAT(failing(judge(build(draft))), ElementsAre(simulated, "report-data-differs"));
  }
}

TEST(Verify, RefusesAQuoteOverAnotherNonceSignerOrIntent) {
  const Draft plain;
  const Bytes slice = [&plain] {
    const std::string text = statement_text(plain);
    return Bytes(text.begin(), text.end());
  }();
  const Bytes& signer = plain.statement.run.signer;
  const Bytes& nonce = plain.statement.run.nonce;
  crypto::Sha256 intent;
  intent.bytes[31] = 1;
  for (const auto& data :
       {attest::bind_certificate(slice, signer, {}, Bytes{0xca}),
        attest::bind_certificate(slice, signer, {}, Bytes{}),
        attest::bind_certificate(slice, test::TestSigner(2).public_key(), {}, nonce),
        attest::bind_certificate(slice, signer, intent, nonce)}) {
    Draft draft;
    draft.before_quoting = [&data](attest::ReportData& out) { out = *data; };
    EXPECT_EQ(judge(build(draft)).verdict(), Verdict::contradicted);
  }
  Draft draft;
  draft.before_quoting = [&](attest::ReportData& out) {
    out = *attest::bind_certificate(slice, signer, {}, nonce);
  };
  EXPECT_EQ(judge(build(draft)).verdict(), Verdict::unattested);
}

// Genuine Intel hardware, and a quote that was made for something else.
TEST(Verify, RefusesARealQuoteOfAnotherStatement) {
  const auto quote = read_file(MAYFLY_VECTORS "/attest/tdx/quotes/v4_phala_uptodate.bin", 65536);
  ASSERT_TRUE(quote);
  for (const std::string tee : {"tdx", "simulated-tdx"}) {
    Draft draft;
    draft.statement.run.tee = tee;
    draft.before_encoding = [&quote](certificate::Proof& proof) { proof.tee_quote = *quote; };
    const Report report = judge(build(draft));
    EXPECT_EQ(report.verdict(), Verdict::contradicted);
    EXPECT_TRUE(has(report, Code::quote_chain_ok)) << "not the reason that this test is about";
    EXPECT_THAT(failing(report), Contains("report-data-differs"));
  }
}

TEST(Verify, RefusesASimulatedQuoteThatIsCalledHardware) {
  Draft draft;
  draft.statement.run.tee = "tdx";
  const Report report = judge(build(draft));
  EXPECT_THAT(failing(report), ElementsAre(simulated, "quote-kind-differs"));
  EXPECT_EQ(report.verdict(), Verdict::contradicted);
}

TEST(Verify, RefusesAQuoteWithAnyByteChanged) {
  Bytes quote;
  Draft draft;
  draft.before_encoding = [&quote](certificate::Proof& proof) { quote = proof.tee_quote; };
  build(draft);
  for (std::size_t i = 0; i < quote.size(); i += 7) {
    draft.before_encoding = [&quote, i](certificate::Proof& proof) {
      proof.tee_quote = quote;
      proof.tee_quote[i] ^= 0x40;
    };
    ASSERT_EQ(judge(build(draft)).verdict(), Verdict::contradicted) << "byte " << i;
  }
}

TEST(Verify, RefusesBytesAfterTheQuote) {
  Draft draft;
  draft.before_encoding = [](certificate::Proof& proof) { proof.tee_quote.push_back(0); };
  EXPECT_EQ(judge(build(draft)).verdict(), Verdict::contradicted);
}

TEST(Verify, IsInconclusiveWithoutAQuoteOrWithAnUnknownFormat) {
  Draft without;
  without.before_encoding = [](certificate::Proof& proof) { proof.tee_quote.clear(); };
  EXPECT_EQ(judge(build(without)).verdict(), Verdict::inconclusive);
  EXPECT_TRUE(has(judge(build(without)), Code::quote_missing));
  Draft unknown;
  unknown.before_encoding = [](certificate::Proof& proof) { proof.tee_format = "snp-report-v3"; };
  EXPECT_EQ(judge(build(unknown)).verdict(), Verdict::inconclusive);
  EXPECT_TRUE(has(judge(build(unknown)), Code::quote_format_unknown));
}

TEST(Verify, IsInconclusiveWhenTheChainIsNotValidAtTheTimeOfAppraisal) {
  const UnixMillis long_ago{test::run_began_at.value - std::int64_t{366} * 24 * 3600 * 1000};
  const Report report = verify(build(Draft{}), default_policy(), long_ago, {});
  EXPECT_TRUE(has(report, Code::quote_chain_not_valid_at_time));
  EXPECT_EQ(report.verdict(), Verdict::inconclusive);
}

// ---- lifecycle and wipe

TEST(Verify, RefusesALifecycleOutOfOrder) {
  using Moment = UnixMillis certificate::Lifecycle::*;
  const Moment last = &certificate::Lifecycle::sandbox_destroyed;
  for (const Moment moment :
       {&certificate::Lifecycle::dataset_loaded, &certificate::Lifecycle::execution_started,
        &certificate::Lifecycle::execution_completed, &certificate::Lifecycle::dataset_deleted,
        last}) {
    Draft draft;
    (draft.statement.run.lifecycle.*moment).value += moment == last ? -10'000 : 10'000;
    const Report report = judge(build(draft));
    EXPECT_THAT(failing(report), ElementsAre(simulated, "lifecycle-disordered"));
    EXPECT_EQ(report.verdict(), Verdict::contradicted);
  }
}

TEST(Verify, RefusesATimestampThatIsNotTheSignedEndOfTheRun) {
  for (const std::int64_t off_by : {-1, 1}) {
    Draft draft;
    draft.before_encoding = [off_by](certificate::Proof& proof) {
      proof.timestamp.value += off_by;
    };
    const Report report = judge(build(draft));
    EXPECT_THAT(failing(report), ElementsAre(simulated, "timestamp-differs"));
    EXPECT_EQ(report.verdict(), Verdict::contradicted);
  }
}

TEST(Verify, RefusesResidue) {
  Draft draft;
  draft.statement.run.wipe.residue = 1;
  const Report report = judge(build(draft));
  EXPECT_THAT(failing(report), ElementsAre(simulated, "wipe-residue"));
  EXPECT_EQ(report.verdict(), Verdict::contradicted);
}

TEST(Verify, RefusesAWipeOfLessThanTheDatasetOrWithoutALook) {
  Draft less;
  --less.statement.run.wipe.bytes;
  EXPECT_THAT(failing(judge(build(less))), ElementsAre(simulated, "wipe-incomplete"));
  Draft unseen;
  unseen.statement.run.wipe.scanned.clear();
  EXPECT_THAT(failing(judge(build(unseen))), ElementsAre(simulated, "wipe-incomplete"));
}

TEST(Verify, AcceptsARunWithoutADatasetToWipe) {
  Draft draft;
  draft.statement.claim.dataset_hash = "none";
  draft.statement.claim.dataset_format = "none";
  draft.statement.claim.dataset_bytes = 0;
  draft.statement.run.wipe = {.method = "none", .bytes = 0, .scanned = {}, .residue = 0};
  EXPECT_EQ(judge(build(draft)).verdict(), Verdict::unattested);
}

TEST(Verify, DoubtsACertificateFromTheFutureBeyondTheClockSkew) {
  const std::int64_t issued_ms = test::run_began_at.value + 195;
  const Bytes certificate = build(Draft{});
  const auto at = [&](std::int64_t ms) {
    return verify(certificate, default_policy(), UnixMillis{ms}, {});
  };
  EXPECT_FALSE(has(at(issued_ms - clock_skew_ms_max), Code::time_after_appraisal));
  EXPECT_TRUE(has(at(issued_ms - clock_skew_ms_max - 1), Code::time_after_appraisal));
  EXPECT_EQ(meaning_of(Code::time_after_appraisal).effect, Effect::inconclusive);
}

// ---- policy: what hardware would show, under a root of this test's own

std::vector<attest::TdMeasurement> measurements(std::string name, const test::TestTd& td) {
  attest::TdMeasurement out{.name = std::move(name), .mr_td = td.mr_td, .rtmr = {}};
  std::ranges::copy(td.rtmr, out.rtmr.begin());
  return {out};
}

class VerifyUnderAPolicy : public testing::Test {
 protected:
  VerifyUnderAPolicy() {
    td_.mr_td = crypto::sha384(bytes_of("the image"));
    td_.rtmr[2] = crypto::sha384(bytes_of("the program"));
    draft_.statement.run.tee = "tdx";
    draft_.statement.run.assurance = "native+tdx";
    draft_.quote = [this](const attest::ReportData& data) { return vendor_.quote(data, td_); };
    policy_ = default_policy();
    policy_.name = "test";
    policy_.collateral = Any{"a test has no vendor's collateral"};
    policy_.tdx.anchors = {vendor_.anchor()};
    policy_.tdx.measurements = measurements("image 1", td_);
  }

  Report judge() const { return verify(build(draft_), policy_, test::appraised_at, {}); }

  test::TestVendor vendor_{test::run_began_at};
  test::TestTd td_;
  Draft draft_;
  Policy policy_;
};

TEST_F(VerifyUnderAPolicy, VerifiesHardwareWithAKnownMeasurement) {
  const Report report = judge();
  EXPECT_EQ(report.verdict(), Verdict::verified);
  EXPECT_TRUE(failing(report).empty());
  EXPECT_THAT(report.weakenings,
              ElementsAre("collateral: not asked for (a test has no vendor's collateral)"));
}

TEST_F(VerifyUnderAPolicy, IsInconclusiveWhenCollateralIsRequiredAndMissing) {
  policy_.collateral = Required{};
  const Report report = judge();
  EXPECT_TRUE(has(report, Code::tcb_not_evaluated));
  EXPECT_EQ(report.verdict(), Verdict::inconclusive);
}

TEST_F(VerifyUnderAPolicy, RefusesAnUnknownMeasurementAsGenuineButUnwanted) {
  for (const int which : {0, 1, 2, 3, 4}) {
    const test::TestTd before = td_;
    crypto::Sha384& measured =
        which == 0 ? td_.mr_td : td_.rtmr[static_cast<std::size_t>(which - 1)];
    measured.bytes[47] ^= 1;
    EXPECT_EQ(judge().verdict(), Verdict::refused) << which;
    td_ = before;
  }
  policy_.tdx.measurements = std::vector<attest::TdMeasurement>();
  EXPECT_EQ(judge().verdict(), Verdict::refused);
}

TEST_F(VerifyUnderAPolicy, NeverAcceptsADebugTd) {
  td_.attributes |= 1;
  const Report report = judge();
  EXPECT_TRUE(has(report, Code::td_debug));
  EXPECT_EQ(report.verdict(), Verdict::unattested);
}

TEST_F(VerifyUnderAPolicy, RefusesUnknownTdAttributes) {
  td_.attributes |= std::uint64_t{1} << 29;  // MIGRATABLE
  const Report report = judge();
  EXPECT_TRUE(has(report, Code::td_attributes_refused));
  EXPECT_EQ(report.verdict(), Verdict::refused);
}

TEST_F(VerifyUnderAPolicy, DoesNotBelieveARootThatIsNotInThePolicy) {
  policy_.tdx.anchors = default_policy().tdx.anchors;
  const Report report = judge();
  EXPECT_THAT(failing(report), Contains("quote-not-genuine"));
  EXPECT_EQ(report.verdict(), Verdict::contradicted);
}

TEST_F(VerifyUnderAPolicy, RefusesHardwareThatIsCalledSimulated) {
  draft_.statement.run.tee = "simulated-tdx";
  EXPECT_THAT(failing(judge()), ElementsAre("quote-kind-differs"));
}

TEST_F(VerifyUnderAPolicy, RefusesAnyBrokenPartJustTheSame) {
  draft_.statement.run.wipe.residue = 1;
  EXPECT_EQ(judge().verdict(), Verdict::contradicted);
  draft_.statement.run.wipe.residue = 0;
  draft_.before_quoting = [](attest::ReportData& data) { data[63] ^= 1; };
  EXPECT_EQ(judge().verdict(), Verdict::contradicted);
}

// A policy that lists the simulated root as hardware, and accepts everything about it.
TEST_F(VerifyUnderAPolicy, NeverBelievesTheSimulatedRootWhateverThePolicySays) {
  attest::TrustAnchor disguised = attest::simulated_anchor();
  disguised.kind = attest::AnchorKind::hardware;
  disguised.name = "Intel SGX Root CA";
  policy_.tdx.anchors = {disguised};
  policy_.tdx.measurements =
      measurements("simulated", {.mr_td = crypto::sha384(bytes_of("mayfly")), .rtmr = {}});
  const Draft draft;
  const Report report = verify(build(draft), policy_, test::appraised_at, {});
  EXPECT_FALSE(has(report, Code::measurement_accepted));
  EXPECT_TRUE(has(report, Code::quote_simulated));
  EXPECT_EQ(report.verdict(), Verdict::unattested);
}

TEST(DefaultPolicy, TrustsNoSimulatedRootAndWeakensNothing) {
  const Policy policy = default_policy();
  EXPECT_TRUE(weakenings_of(policy, attest::TeeKind::tdx).empty());
  EXPECT_TRUE(std::get<std::vector<attest::TdMeasurement>>(policy.tdx.measurements).empty());
  EXPECT_FALSE(policy.tdx.anchors.empty());
  for (const attest::TrustAnchor& anchor : policy.tdx.anchors) {
    EXPECT_EQ(anchor.kind, attest::AnchorKind::hardware);
    EXPECT_FALSE(
        std::ranges::equal(anchor.root_certificate, attest::simulated_anchor().root_certificate));
  }
}

}  // namespace
}  // namespace mayfly::verifier
