// Quotes from a real TPM implementation (swtpm), judged by the verifier: from the certified
// endorsement key over an activated credential to the 32 bytes that a certificate binds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "attest/collect/tpm_attester.hpp"
#include "attest/collect/tpm_credential.hpp"
#include "attest/collect/tpm_evidence.hpp"
#include "attest/verify/tpm_ek_certificate.hpp"
#include "attest/verify/tpm_verify.hpp"
#include "tests/attest/software_tpm.hpp"
#include "tests/attest/tpm_forge.hpp"

namespace mayfly::attest {
namespace {

using Names = std::vector<std::string>;

constexpr UnixMillis now{1800000000000};
constexpr std::uint32_t pcr_mask = 0x8000ff;
const Bytes binding(tpm_binding_bytes, 0x5a);

class SoftwareTpmTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ::setenv("TSS2_LOG", "all+none", /*overwrite=*/0);
    auto started = SoftwareTpm::start();
    if (started) {
      tpm_.emplace(std::move(*started));
    } else {
      why_not_ = started.error().message();
    }
  }
  static void TearDownTestSuite() { tpm_.reset(); }

  void SetUp() override {
    if (!tpm_) GTEST_SKIP() << why_not_;
    auto opened = TpmAttester::open(tpm_->address());
    ASSERT_TRUE(opened) << opened.error().message();
    attester_.emplace(std::move(*opened));
  }

  Bytes name() const {
    const auto area = parse_tpm_public(attester_->attestation_key());
    EXPECT_TRUE(area);
    return tpm_name_of(*area).value();
  }

  TpmEkAppraisal appraise_endorsement() {
    const auto certificate = attester_->endorsement_certificate();
    EXPECT_TRUE(certificate) << certificate.error().message();
    const std::vector<Bytes> chain{certificate.value(), tpm_->issuer(), tpm_->root()};
    const ByteView anchors[] = {chain[2]};
    return appraise_tpm_ek(chain, anchors, now);
  }

  TpmPolicy policy(const Bytes& key_name) const {
    return {.key_trust = TpmKeyPinned{{key_name}},
            .extra_data = binding,
            .selection = std::vector<TpmPcrSelection>{{TpmHash::sha256, pcr_mask}},
            .pcr_values = std::vector<TpmPcr>{{TpmHash::sha256, 7, Bytes(32, 0)}},
            .boot_measured = Any{"a software TPM that no firmware used"},
            .qualified_signer = Any{"tested for itself"},
            .clock_floor = TpmClockFloor{},
            .firmware_versions = Any{"whatever version is installed here"}};
  }

  TpmAppraisal appraise(const TpmQuoteEvidence& quote, const TpmPolicy& policy) const {
    TpmEvidence evidence{.attest = quote.attest,
                         .signature = quote.signature,
                         .attestation_key = ByteView(attester_->attestation_key()),
                         .pcrs = {},
                         .certificate_chain = {}};
    for (const TpmQuotedPcr& pcr : quote.pcrs) {
      evidence.pcrs.push_back({TpmHash::sha256, pcr.index, pcr.value});
    }
    return appraise_tpm(evidence, policy, now);
  }

  static std::optional<SoftwareTpm> tpm_;
  static std::string why_not_;
  std::optional<TpmAttester> attester_;
};
std::optional<SoftwareTpm> SoftwareTpmTest::tpm_;
std::string SoftwareTpmTest::why_not_;

TEST_F(SoftwareTpmTest, AQuoteOverTheBindingIsAccepted) {
  const auto quote = attester_->quote(binding, pcr_mask);
  ASSERT_TRUE(quote) << quote.error().message();
  EXPECT_EQ(quote->pcrs.size(), 9U);
  const auto appraisal = appraise(*quote, policy(name()));
  EXPECT_EQ(failed_checks(appraisal), Names());
  EXPECT_EQ(appraisal.verdict, EvidenceVerdict::accepted);
  TpmPolicy other = policy(name());
  other.extra_data = Bytes(tpm_binding_bytes, 0x5b);
  EXPECT_EQ(failed_checks(appraise(*quote, other)), Names{"extra_data"});
}

TEST_F(SoftwareTpmTest, OnlyTheTpmWithBothKeysOpensACredential) {
  const auto endorsement = appraise_endorsement();
  ASSERT_TRUE(endorsement.verified);
  const Bytes secret{'h', 'i', 'd', 'd', 'e', 'n'};
  auto credential = make_tpm_credential(endorsement.verified->key, name(), secret);
  ASSERT_TRUE(credential) << credential.error().message();
  const auto opened = attester_->activate(*credential);
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(*opened, secret);
  Bytes other_name = name();
  other_name.back() ^= 1;
  const auto other = make_tpm_credential(endorsement.verified->key, other_name, secret);
  EXPECT_FALSE(attester_->activate(*other)) << "made for another attestation key";
  credential->id_object.back() ^= 1;
  EXPECT_FALSE(attester_->activate(*credential)) << "changed on the way";
  credential->id_object.push_back(0);
  EXPECT_EQ(attester_->activate(*credential).error().code(), ErrorCode::malformed);
}

// The certified key, the Name by the template, and the signer that the quote names are one path.
TEST_F(SoftwareTpmTest, TheQuoteNamesThePathFromTheCertifiedKey) {
  const auto endorsement = appraise_endorsement();
  ASSERT_TRUE(endorsement.verified);
  const auto area = parse_tpm_public(attester_->endorsement_key());
  ASSERT_TRUE(area);
  EXPECT_TRUE(key_of(*area)->is_same_as(endorsement.verified->key));
  const Bytes ek_name = tpm_ek_name(std::get<TpmRsaKey>(area->key).modulus).value();
  EXPECT_EQ(ek_name, tpm_name_of(*area).value());
  const auto quote = attester_->quote(binding, pcr_mask);
  ASSERT_TRUE(quote);
  TpmPolicy wanted = policy(name());
  wanted.qualified_signer =
      tpm_qualified_name(tpm_hierarchy_endorsement, {ek_name, name()}).value();
  EXPECT_EQ(failed_checks(appraise(*quote, wanted)), Names());
}

TEST_F(SoftwareTpmTest, TakesNothingButABindingAndPcrs) {
  EXPECT_EQ(attester_->quote(Bytes(31, 0), pcr_mask).error().code(), ErrorCode::malformed);
  EXPECT_EQ(attester_->quote(Bytes(33, 0), pcr_mask).error().code(), ErrorCode::malformed);
  EXPECT_EQ(attester_->quote(binding, 0).error().code(), ErrorCode::malformed);
  EXPECT_EQ(attester_->quote(binding, 1U << 24U).error().code(), ErrorCode::malformed);
}

// An authority certifies a key once; every later process quotes with it, and says where it is.
TEST_F(SoftwareTpmTest, KeepsAKeyThatAnAuthorityCanCertify) {
  constexpr std::uint32_t handle = 0x81010021;
  attester_.reset();
  Bytes kept;
  {
    auto first = TpmAttester::open(tpm_->address(), TpmPersistentKey{handle});
    ASSERT_TRUE(first) << first.error().message();
    kept = first->attestation_key();
  }
  auto again = TpmAttester::open(tpm_->address(), TpmPersistentKey{handle});
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->attestation_key(), kept);
  const auto evidence = tpm_evidence(*again, ReportData{});
  ASSERT_TRUE(evidence) << evidence.error().message();
  EXPECT_EQ(evidence->parts.at(0).bytes, kept);
  EXPECT_TRUE(std::ranges::is_sorted(evidence->parts, {}, &EvidencePart::name));
  const auto quote = parse_tpm_quote(evidence->quote);
  ASSERT_TRUE(quote);
  const auto digest = crypto::sha256(ReportData{});
  EXPECT_TRUE(std::ranges::equal(quote->extra_data, digest.bytes));
  again = fail(ErrorCode::unavailable, "closed");
  const auto foreign = TpmAttester::open(tpm_->address(), TpmForeignKey{handle});
  ASSERT_TRUE(foreign) << foreign.error().message();
  EXPECT_EQ(foreign->attestation_key(), kept);
  EXPECT_TRUE(foreign->endorsement_key().empty());
  EXPECT_FALSE(TpmAttester::open(tpm_->address(), TpmForeignKey{0x81010022})) << "no such key";
}

TEST(TpmAttester, SaysThatThereIsNoTpm) {
  ::setenv("TSS2_LOG", "all+none", /*overwrite=*/0);
  const auto opened = TpmAttester::open("device:/nonexistent/tpm");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::unavailable);
  EXPECT_NE(opened.error().message().find("/nonexistent/tpm"), std::string::npos);
}

TEST(MakeTpmCredential, RefusesOtherNamesSecretsAndKeys) {
  const auto ec = crypto::PublicKey::from_ec(
      crypto::EcdsaCurve::p256, crypto::P256PrivateKey::generate().value().public_key());
  Bytes name(34, 1);
  name[0] = 0;
  name[1] = 0x0b;
  EXPECT_EQ(make_tpm_credential(*ec, name, Bytes(16, 1)).error().code(), ErrorCode::rejected);
  EXPECT_EQ(make_tpm_credential(*ec, name, {}).error().code(), ErrorCode::malformed);
  EXPECT_EQ(make_tpm_credential(*ec, name, Bytes(33, 1)).error().code(), ErrorCode::malformed);
  EXPECT_EQ(make_tpm_credential(*ec, Bytes(34, 1), Bytes(16, 1)).error().code(),
            ErrorCode::malformed);
}

}  // namespace
}  // namespace mayfly::attest
