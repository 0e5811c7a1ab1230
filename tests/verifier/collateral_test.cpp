// A certificate from hardware that carries its vendor's lists, under a root of this test's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "certificate/decode.hpp"
#include "tests/attest/test_intel.hpp"
#include "tests/verifier/certificate_builder.hpp"
#include "verifier/runtime_log.hpp"
#include "verifier/tdx_collateral_parts.hpp"
#include "verifier/verify.hpp"

namespace mayfly::verifier {
namespace {

using testing::Contains;
using testing::Not;

std::vector<std::string> codes(const Report& report) {
  std::vector<std::string> out;
  for (const Finding& finding : report.findings) {
    out.emplace_back(meaning_of(finding.code).name);
  }
  return out;
}

class CertificateWithCollateral : public testing::Test {
 protected:
  CertificateWithCollateral() {
    intel_.version = 4;
    draft_.statement.run.tee = "tdx";
    draft_.statement.run.assurance = "native+tdx";
    draft_.quote = [this](const attest::ReportData& data) {
      std::ranges::copy(data, intel_.body.begin() + 520);
      return intel_.quote();
    };
    draft_.before_encoding = [this](certificate::Proof& proof) {
      proof.collateral = *tdx_collateral_parts(intel_.collateral());
      if (edit_) edit_(*proof.collateral);
    };
    policy_ = genuine_policy();
    policy_.tdx.anchors = intel_.policy().anchors;
  }

  Report judge(UnixMillis at = test::appraised_at) {
    return verify(test::build(draft_), policy_, at, {.dataset_hash = {}, .clock = clock_});
  }

  attest::TestIntel intel_;
  test::Draft draft_;
  Policy policy_;
  std::optional<UnixMillis> clock_;
  std::function<void(certificate::Collateral&)> edit_;
};

TEST_F(CertificateWithCollateral, IsVerifiedWithNothingWaived) {
  const Report report = judge();
  EXPECT_EQ(report.verdict(), Verdict::verified);
  EXPECT_THAT(codes(report), Contains("tcb-accepted"));
  EXPECT_THAT(codes(report), Contains("revocation-ok"));
}

TEST_F(CertificateWithCollateral, AnswersForItsIssueAndForNow) {
  clock_ = UnixMillis{attest::intel_now.value + 100 * attest::intel_day_ms};
  const Report report = judge();
  EXPECT_EQ(report.verdict(), Verdict::verified) << "as of the time that was asked for";
  ASSERT_EQ(report.answers.size(), 2U);
  EXPECT_EQ(report.answers[0].name, "at_issue");
  EXPECT_TRUE(report.answers[0].is_valid);
  EXPECT_EQ(report.answers[1].name, "now");
  EXPECT_FALSE(report.answers[1].is_valid);
  EXPECT_THAT(report.answers[1].why, Contains("tcb_info_validity"));
  const Report later = judge(*clock_);
  EXPECT_EQ(later.verdict(), Verdict::refused);
  EXPECT_THAT(codes(later), Contains("collateral-not-valid-at-time"));
}

TEST_F(CertificateWithCollateral, IsRefusedWhenTheListsSpeakAgainstIt) {
  intel_.platform_levels[0].status = "OutOfDate";
  EXPECT_EQ(judge().verdict(), Verdict::refused);
  EXPECT_THAT(codes(judge()), Contains("tcb-refused"));
  intel_.platform_levels[0].status = "UpToDate";
  intel_.pck_crl.serials.push_back(intel_.pck_serial);
  EXPECT_EQ(judge().verdict(), Verdict::refused);
  EXPECT_THAT(codes(judge()), Contains("key-revoked"));
}

TEST_F(CertificateWithCollateral, IsContradictedByAForgedList) {
  edit_ = [](certificate::Collateral& collateral) {
    Bytes& tcb_info = collateral.parts.at(3).bytes;
    const auto digit = std::ranges::find(tcb_info, '5');
    *digit = '4';
  };
  EXPECT_EQ(judge().verdict(), Verdict::contradicted);
  EXPECT_THAT(codes(judge()), Contains("collateral-not-genuine"));
}

TEST_F(CertificateWithCollateral, IsInconclusiveWithoutOneOfTheLists) {
  for (std::size_t i = 0; i < 5; ++i) {
    edit_ = [i](certificate::Collateral& collateral) {
      collateral.parts.erase(collateral.parts.begin() + static_cast<std::ptrdiff_t>(i));
    };
    EXPECT_EQ(judge().verdict(), Verdict::inconclusive) << i;
  }
}

// A byte that nothing signs could be changed unnoticed, so each part has one spelling.
TEST_F(CertificateWithCollateral, RefusesEveryOtherSpelling) {
  edit_ = [](certificate::Collateral& collateral) { collateral.parts.at(3).bytes.push_back(' '); };
  EXPECT_EQ(judge().verdict(), Verdict::contradicted);
  edit_ = [](certificate::Collateral& collateral) { collateral.parts.at(4).bytes.push_back('\n'); };
  EXPECT_EQ(judge().verdict(), Verdict::contradicted);
  edit_ = [](certificate::Collateral& collateral) { collateral.format = "intel-tdx-v5"; };
  EXPECT_EQ(judge().verdict(), Verdict::contradicted);
  edit_ = [](certificate::Collateral& collateral) { collateral.parts.at(4).name = "unknown"; };
  EXPECT_EQ(judge().verdict(), Verdict::contradicted);
}

TEST_F(CertificateWithCollateral, IsRefusedIfItsSignerOrPlatformIsNotListed) {
  policy_.signers = std::vector<SignerKey>{SignerKey{}};
  EXPECT_THAT(codes(judge()), Contains("signer-refused"));
  EXPECT_EQ(judge().verdict(), Verdict::refused);
  policy_.signers = Any{"a test"};
  policy_.tdx.platforms = std::vector<std::array<std::uint8_t, 16>>(1);
  EXPECT_THAT(codes(judge()), Contains("platform-refused"));
  EXPECT_EQ(judge().verdict(), Verdict::refused);
  policy_ = genuine_policy();
  policy_.tdx.anchors = intel_.policy().anchors;
  policy_.kinds.clear();
  EXPECT_THAT(codes(judge()), Contains("quote-kind-refused"));
  EXPECT_EQ(judge().verdict(), Verdict::refused);
}

// A TD whose RTMR3 was extended with two events, and its agent's log of them.
class CertificateWithLogs : public CertificateWithCollateral {
 protected:
  CertificateWithLogs() {
    const auto value = attest::replay_dstack_events(events_);
    std::ranges::copy(value.bytes, intel_.body.begin() + 472);
    policy_.tdx.runtime_log = std::vector<attest::DstackEvent>{events_[0]};
    edit_ = [this](certificate::Collateral& collateral) {
      TdxMaterial material = tdx_material_from(collateral).value();
      material.logs = logs_;
      auto parts = tdx_parts(material);
      ASSERT_TRUE(parts) << parts.error().message();
      collateral = std::move(*parts);
    };
  }

  std::vector<attest::DstackEvent> events_{{"compose-hash", {0xab, 0xcd}}, {"ready", {}}};
  attest::TdLogs logs_{.boot = std::nullopt, .runtime = to_bytes(agents_log)};

  static Bytes to_bytes(std::string_view text) { return {text.begin(), text.end()}; }
  static constexpr std::string_view agents_log =
      R"([{"imr":0,"event_type":1,"digest":"00","event":"","event_payload":"zz"},
          {"imr":3,"event_type":134217729,"digest":"00","event":"compose-hash",
           "event_payload":"abcd"},
          {"imr":3,"event_type":134217729,"digest":"00","event":"ready","event_payload":""}])";
};

TEST_F(CertificateWithLogs, AreVerifiedByWhatWasMeasured) {
  EXPECT_EQ(judge().verdict(), Verdict::verified);
  EXPECT_THAT(codes(judge()), Contains("event-log-accounts"));
  policy_.tdx.runtime_log = std::vector<attest::DstackEvent>{{"compose-hash", {0xab, 0xce}}};
  EXPECT_EQ(judge().verdict(), Verdict::refused);
  EXPECT_THAT(codes(judge()), Contains("event-log-refused"));
}

TEST_F(CertificateWithLogs, AreContradictedByAnotherLog) {
  std::string other(agents_log);
  other.replace(other.find("abcd"), 4, "abcc");
  logs_.runtime = to_bytes(other);
  EXPECT_EQ(judge().verdict(), Verdict::contradicted);
  EXPECT_THAT(codes(judge()), Contains("event-log-differs"));
}

TEST_F(CertificateWithLogs, AreInconclusiveWithoutTheLogThatIsAskedFor) {
  logs_.runtime.reset();
  EXPECT_EQ(judge().verdict(), Verdict::inconclusive);
  EXPECT_THAT(codes(judge()), Contains("quote-part-missing"));
}

TEST_F(CertificateWithLogs, HaveOneSpelling) {
  const auto before = edit_;
  const auto expect_refused = [this] {
    EXPECT_EQ(judge().verdict(), Verdict::contradicted);
    EXPECT_THAT(codes(judge()), Contains("collateral-not-genuine"));
  };
  edit_ = [&](certificate::Collateral& collateral) {
    before(collateral);
    collateral.parts.insert(collateral.parts.begin(),
                            {.name = "event_log", .bytes = to_bytes(agents_log)});
  };
  expect_refused();
  edit_ = [&](certificate::Collateral& collateral) {
    before(collateral);
    const auto log =
        std::ranges::find(collateral.parts, "runtime_log", &certificate::CollateralPart::name);
    ASSERT_NE(log, collateral.parts.end());
    log->bytes = to_bytes(agents_log);  // as the agent gives it: not the one spelling
  };
  expect_refused();
}

TEST_F(CertificateWithLogs, TakeTheAgentsListInOneReading) {
  const auto read = [](std::string_view json) { return plain_runtime_log(to_bytes(json)); };
  const std::string begin = R"([{"imr":3,"event_type":134217729,"event":)";
  EXPECT_EQ(read(begin + R"("a:b","event_payload":"63"}])").value(),
            attest::encode_dstack_events(std::vector<attest::DstackEvent>{{"a", {'b', ':', 'c'}}})
                .value());
  EXPECT_EQ(read("[]").value(), Bytes());
  EXPECT_EQ(read(R"([{"imr":1,"event_type":4}])").value(), Bytes());
  for (const std::string& wrong :
       {begin + R"("a","event_payload":"6"}])", begin + R"("a"}])",
        begin + R"("","event_payload":""}])", std::string(R"([{"event_type":1}])"),
        std::string(R"([{"imr":3,"event_type":1,"event":"a","event_payload":""}])"),
        std::string("{"), std::string("[1]")}) {
    EXPECT_FALSE(read(wrong)) << wrong;
  }
}

TEST_F(CertificateWithCollateral, KeepsItThroughDecoding) {
  const Bytes certificate = test::build(draft_);
  const auto decoded = certificate::decode_certificate(certificate);
  ASSERT_TRUE(decoded) << decoded.error().message();
  ASSERT_TRUE(decoded->proof.collateral);
  EXPECT_EQ(decoded->proof.collateral->parts.size(), 5U);
  EXPECT_TRUE(tdx_collateral_from(*decoded->proof.collateral));
  EXPECT_THAT(codes(judge()), Not(Contains("collateral-not-genuine")));
}

TEST_F(CertificateWithCollateral, MayBindAVersion5QuoteIfItSaysSo) {
  intel_.version = 5;
  EXPECT_EQ(judge().verdict(), Verdict::contradicted);
  const auto before = draft_.before_encoding;
  draft_.before_encoding = [before](certificate::Proof& proof) {
    before(proof);
    proof.tee_format = "tdx-quote-v5";
  };
  EXPECT_EQ(judge().verdict(), Verdict::verified);
}

}  // namespace
}  // namespace mayfly::verifier
