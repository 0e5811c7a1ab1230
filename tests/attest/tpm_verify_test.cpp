#include "attest/verify/tpm_verify.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/attest/tpm_forge.hpp"

namespace mayfly::attest {
namespace {

using Names = std::vector<std::string>;

TEST(AppraiseTpm, AcceptsAWholeQuoteUnderItsPolicy) {
  const TpmForge forge;
  const TpmAppraisal appraisal = forge.appraise();
  EXPECT_EQ(failed_checks(appraisal), Names());
  EXPECT_EQ(appraisal.verdict, EvidenceVerdict::accepted);
  ASSERT_TRUE(appraisal.verified);
  EXPECT_EQ(appraisal.verified->extra_data, Bytes(32, 0x42));
  EXPECT_EQ(appraisal.verified->pcrs.size(), 5U);
  EXPECT_EQ(appraisal.verified->clock.reset_count, 5U);
  EXPECT_EQ(appraisal.verified->firmware_version, 7U);
}

TEST(AppraiseTpm, AcceptsACertifiedKey) {
  const TpmForge forge;
  TpmPolicy policy = forge.policy();
  const Bytes root = forge.root_der;
  policy.key_trust = TpmKeyCertified{{root}, "2.23.133.8.3"};
  const TpmAppraisal appraisal = forge.appraise(policy);
  EXPECT_EQ(failed_checks(appraisal), Names());
  EXPECT_EQ(appraisal.verdict, EvidenceVerdict::accepted);
}

// Goal: no check can be forgotten in silence. Method: every appraisal lists each check once, with a
// reason for whatever is not a pass.
TEST(AppraiseTpm, ReportsEveryCheckOnceAndInOrder) {
  TpmForge cut;
  cut.type = 0x8017;
  for (const TpmAppraisal& appraisal : {TpmForge().appraise(), cut.appraise(),
                                        appraise_tpm({.attest = {},
                                                      .signature = {},
                                                      .attestation_key = ByteView(),
                                                      .pcrs = {},
                                                      .certificate_chain = {}},
                                                     TpmForge().policy(), tpm_forge_now)}) {
    ASSERT_EQ(appraisal.findings.all().size(), CheckTable<TpmCheck>::rows.size());
    for (std::size_t i = 0; i < appraisal.findings.all().size(); ++i) {
      const auto& finding = appraisal.findings.all()[i];
      EXPECT_EQ(finding.check, static_cast<TpmCheck>(i));
      EXPECT_EQ(finding.detail.empty(), finding.outcome == FindingOutcome::pass);
    }
  }
}

struct Change {
  const char* what;
  std::function<void(TpmForge&)> change;
  Names failed;
  EvidenceVerdict verdict = EvidenceVerdict::rejected;
};

// Everything here is signed by the key: only the named check stands in the way.
TEST(AppraiseTpm, EachDefectOfTheQuoteFailsItsCheckAlone) {
  const auto malformed = EvidenceVerdict::malformed;
  const Change changes[] = {
      {"magic",
       [](auto& f) { f.magic = 0x12345678; },
       {"attest_magic", "attest_layout"},
       malformed},
      {"type", [](auto& f) { f.type = 0x8017; }, {"attest_type", "attest_layout"}, malformed},
      {"tail", [](auto& f) { f.attest_tail = {0}; }, {"attest_layout"}, malformed},
      {"safe", [](auto& f) { f.safe_byte = 2; }, {"attest_layout"}, malformed},
      {"unsafe clock", [](auto& f) { f.safe_byte = 0; }, {"clock_safe"}},
      {"nonce", [](auto& f) { f.extra_data[31] ^= 1; }, {"extra_data"}},
      {"longer nonce", [](auto& f) { f.extra_data.push_back(0); }, {"extra_data"}},
      {"no nonce", [](auto& f) { f.extra_data.clear(); }, {"extra_data"}},
      {"signer", [](auto& f) { f.qualified_signer[5] ^= 1; }, {"qualified_signer"}},
      {"reset count", [](auto& f) { f.clock.reset_count = 4; }, {"clock_counters"}},
      {"restart count", [](auto& f) { f.clock.restart_count = 1; }, {"clock_counters"}},
      {"firmware", [](auto& f) { f.firmware = 8; }, {"firmware"}},
      {"selection",
       [](auto& f) {
         f.selections[0].mask &= ~1U;
         f.pcrs.erase(f.pcrs.begin());
       },
       {"pcr_selection"}},
      {"empty",
       [](auto& f) {
         f.selections[0].mask = 0;
         f.pcrs.clear();
       },
       {"pcr_selection", "boot_measured", "pcr_values"}},
      {"no bank",
       [](auto& f) {
         f.selections.clear();
         f.pcrs.clear();
       },
       {"pcr_selection", "boot_measured", "pcr_values"}},
      {"sha-1 bank",
       [](auto& f) {
         f.selections[0].bank = TpmHash::sha1;
         for (auto& pcr : f.pcrs) pcr = {TpmHash::sha1, pcr.index, Bytes(20, 1)};
       },
       {"pcr_bank", "pcr_selection", "pcr_values"}},
      {"bank twice",
       [](auto& f) { f.selections.push_back({TpmHash::sha256, 0}); },
       {"pcr_bank", "pcr_selection"}},
      {"digest", [](auto& f) { f.pcr_digest_override = Bytes(32, 1); }, {"pcr_digest"}},
      {"no digest", [](auto& f) { f.pcr_digest_override = Bytes(1, 1); }, {"pcr_digest"}},
      {"other value", [](auto& f) { f.pcrs[4].value[0] ^= 1; }, {"pcr_values"}},
      {"boot",
       [](auto& f) {
         for (std::size_t i = 0; i < 4; ++i) f.pcrs[i].value = Bytes(32, 0);
       },
       {"boot_measured"}},
      {"sha-1 scheme", [](auto& f) { f.signature_hash = 4; }, {"signature_hash", "pcr_digest"}},
      {"other scheme", [](auto& f) { f.scheme_hash = 0x000c; }, {"signature_hash"}},
  };
  for (const Change& each : changes) {
    TpmForge forge;
    each.change(forge);
    const TpmAppraisal appraisal = forge.appraise();
    EXPECT_EQ(failed_checks(appraisal), each.failed) << each.what;
    EXPECT_EQ(appraisal.verdict, each.verdict) << each.what;
  }
}

TEST(AppraiseTpm, RefusesAKeyThatIsNoAttestationKey) {
  const std::uint32_t bits[] = {tpm_attribute::restricted,
                                tpm_attribute::sign,
                                tpm_attribute::fixed_tpm,
                                tpm_attribute::fixed_parent,
                                tpm_attribute::sensitive_data_origin,
                                tpm_attribute::decrypt,
                                tpm_attribute::encrypted_duplication};
  for (const std::uint32_t bit : bits) {
    TpmForge forge;
    forge.attributes ^= bit;
    const TpmAppraisal appraisal = forge.appraise();
    EXPECT_EQ(failed_checks(appraisal), Names{"key_attributes"}) << bit;
    EXPECT_FALSE(appraisal.verified) << bit;
  }
  TpmForge storage;
  storage.symmetric = 0x0006;
  EXPECT_EQ(failed_checks(storage.appraise()), Names{"key_attributes"});
}

TEST(AppraiseTpm, RefusesAKeyThatNobodyVouchesFor) {
  const TpmForge forge;
  TpmPolicy policy = forge.policy();
  policy.key_trust = TpmKeyPinned{{Bytes(34, 0x0b)}};
  EXPECT_EQ(failed_checks(forge.appraise(policy)), Names{"key_trust"});
  policy.key_trust = TpmKeyPinned{};
  EXPECT_EQ(failed_checks(forge.appraise(policy)), Names{"key_trust"});
  policy.key_trust = TpmKeyVouchedFor{};
  EXPECT_EQ(failed_checks(forge.appraise(policy)), Names{"key_trust"});
}

TEST(AppraiseTpm, EachDefectOfTheCertificateFailsItsCheck) {
  const Bytes other = TpmForge().root_der;
  const auto other_key = crypto::P256PrivateKey::generate().value();
  const Change changes[] = {
      {"names",
       [](auto& f) { f.leaf.issuer_common_name = "Somebody"; },
       {"key_trust", "certificate_names"}},
      {"authority",
       [](auto& f) { f.leaf.role = crypto::CertificateRole::certificate_authority; },
       {"key_trust", "certificate_constraints"}},
      {"validity",
       [](auto& f) { f.leaf.not_after.value = tpm_forge_now.value - 1000; },
       {"certificate_validity"}},
      {"not yet",
       [](auto& f) { f.leaf.not_before.value = tpm_forge_now.value + 1000; },
       {"certificate_validity"}},
      {"usage",
       [](auto& f) { f.leaf.extra_extension.reset(); },
       {"key_trust", "certificate_constraints"}},
      {"other key",
       [&](auto& f) { f.leaf.public_key = other_key.public_key(); },
       {"key_trust", "certificate_key"}},
  };
  for (const Change& each : changes) {
    TpmForge forge;
    each.change(forge);
    const Bytes root = forge.root_der;
    TpmPolicy policy = forge.policy();
    policy.key_trust = TpmKeyCertified{{root}, "2.23.133.8.3"};
    const TpmAppraisal appraisal = forge.appraise(policy);
    EXPECT_EQ(failed_checks(appraisal), each.failed) << each.what;
    EXPECT_FALSE(appraisal.verified) << each.what;
  }
  TpmPolicy policy = TpmForge().policy();
  policy.key_trust = TpmKeyCertified{{other}, "2.23.133.8.3"};
  const Names failed = failed_checks(TpmForge().appraise(policy));
  EXPECT_EQ(failed, (Names{"key_trust", "certificate_anchor"}));
}

// Goal: a chain that is known vouches for nothing but itself. Method: one verifier; quotes over
// other bytes, with other chains and keys among them, each judged as by itself.
TEST(TpmVerifier, JudgesEachOfManyQuotesAsByItself) {
  TpmForge forge;
  TpmForge other;
  TpmPolicy policy = forge.policy();
  policy.key_trust = TpmKeyCertified{{forge.root_der}, "2.23.133.8.3"};
  TpmVerifier verifier(policy, tpm_forge_now);
  const auto judge = [&](const TpmForge& maker, const std::vector<Bytes>& chain,
                         const Bytes& wanted) {
    const Bytes attest = maker.attest();
    const Bytes signature = maker.signature_over(attest);
    const Bytes area = maker.public_area();
    const TpmEvidence evidence{.attest = attest,
                               .signature = signature,
                               .attestation_key = ByteView(area),
                               .pcrs = maker.pcrs,
                               .certificate_chain = chain};
    TpmPolicy alone = policy;
    alone.extra_data = wanted;
    const auto expected = failed_checks(appraise_tpm(evidence, alone, tpm_forge_now));
    const auto found = failed_checks(verifier.verify(evidence, wanted));
    EXPECT_EQ(found, expected);
    return found;
  };
  const std::vector<Bytes> chain = forge.chain();
  std::vector<Bytes> broken = chain;
  broken[0].back() ^= 1U;
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(judge(forge, chain, forge.extra_data), Names());
    EXPECT_EQ(judge(forge, chain, Bytes(32, 0x43)), Names{"extra_data"});
    EXPECT_EQ(judge(other, chain, other.extra_data), (Names{"key_trust", "certificate_key"}))
        << "another key beside a known chain";
    EXPECT_EQ(judge(other, other.chain(), other.extra_data),
              (Names{"key_trust", "certificate_anchor"}));
    EXPECT_FALSE(judge(forge, broken, forge.extra_data).empty());
  }
}

// The type of the evidence is the caller's, but what it leaves out must not go unseen.
TEST(AppraiseTpm, TakesAKeyWithoutAPublicAreaFromATeesReportAlone) {
  const TpmForge forge;
  const Bytes quote = forge.attest();
  const Bytes signature = forge.signature_over(quote);
  const auto key =
      crypto::PublicKey::from_ec(crypto::EcdsaCurve::p256, forge.key.public_key()).value();
  const TpmEvidence evidence{.attest = quote,
                             .signature = signature,
                             .attestation_key = TpmKeyWithoutArea{key, "a test"},
                             .pcrs = forge.pcrs,
                             .certificate_chain = forge.chain()};
  TpmPolicy policy = forge.policy();
  EXPECT_EQ(failed_checks(appraise_tpm(evidence, policy, tpm_forge_now)), Names{"key_trust"});
  policy.key_trust = TpmKeyCertified{{forge.root_der}, "2.23.133.8.3"};
  EXPECT_EQ(failed_checks(appraise_tpm(evidence, policy, tpm_forge_now)), Names{"key_trust"});
  policy.key_trust = TpmKeyVouchedFor{};
  const auto vouched = appraise_tpm(evidence, policy, tpm_forge_now);
  EXPECT_EQ(vouched.verdict, EvidenceVerdict::accepted);
  EXPECT_EQ(vouched.findings.at(TpmCheck::key_attributes).outcome, FindingOutcome::waived);
}

// What a policy does not ask for shows in the report, with the reason, and without one is refused.
TEST(AppraiseTpm, ShowsWhatIsNotAskedFor) {
  const TpmForge forge;
  TpmPolicy policy = forge.policy();
  policy.firmware_versions = Any{"the TPM is a virtual one"};
  const TpmAppraisal waived = forge.appraise(policy);
  EXPECT_EQ(waived.verdict, EvidenceVerdict::accepted);
  EXPECT_EQ(waived.findings.at(TpmCheck::firmware).outcome, FindingOutcome::waived);
  EXPECT_EQ(waived.findings.at(TpmCheck::firmware).detail, "the TPM is a virtual one");
  policy.firmware_versions = Any{""};
  EXPECT_EQ(failed_checks(forge.appraise(policy)), Names{"firmware"});
}

TEST(AppraiseTpm, TrustsNoPcrThatAnyoneCanReset) {
  for (const std::uint32_t index : {16U, 23U}) {
    TpmForge forge;
    forge.selections[0].mask |= 1U << index;
    forge.pcrs.push_back({TpmHash::sha256, index, Bytes(32, 1)});
    TpmPolicy policy = forge.policy();
    policy.selection = forge.selections;
    EXPECT_EQ(failed_checks(forge.appraise(policy)), Names());
    policy.pcr_values = std::vector<TpmPcr>{{TpmHash::sha256, index, Bytes(32, 1)}};
    EXPECT_EQ(failed_checks(forge.appraise(policy)), Names{"pcr_values"});
  }
}

TEST(AppraiseTpm, WantsEachShownPcrOnceAndNoOther) {
  const std::function<void(std::vector<TpmPcr>&)> changes[] = {
      [](auto& pcrs) { pcrs.pop_back(); },
      [](auto& pcrs) { pcrs.push_back(pcrs.back()); },
      [](auto& pcrs) { pcrs.push_back({TpmHash::sha256, 9, Bytes(32, 0)}); },
      [](auto& pcrs) { pcrs[0].value.push_back(0); },
      [](auto& pcrs) { pcrs[0].bank = TpmHash::sha384; },
  };
  const TpmForge forge;
  const Bytes area = forge.public_area();
  const Bytes quote = forge.attest();
  const Bytes signature = forge.signature_over(quote);
  for (const auto& change : changes) {
    auto pcrs = forge.pcrs;
    change(pcrs);
    const auto appraisal = appraise_tpm({.attest = quote,
                                         .signature = signature,
                                         .attestation_key = ByteView(area),
                                         .pcrs = pcrs,
                                         .certificate_chain = {}},
                                        forge.policy(), tpm_forge_now);
    EXPECT_EQ(failed_checks(appraisal), Names{"pcr_digest"});
    EXPECT_FALSE(appraisal.verified);
  }
}

}  // namespace
}  // namespace mayfly::attest
