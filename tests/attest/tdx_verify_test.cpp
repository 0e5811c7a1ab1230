#include "attest/verify/tdx_verify.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "attest/verify/anchors.hpp"
#include "crypto/pem.hpp"
#include "tests/attest/tdx_forge.hpp"

namespace mayfly::attest {
namespace {

using Names = std::vector<std::string>;

// Refused, with exactly these checks failing.
void expect_rejected(const TdxForge& forge, const Names& checks) {
  const TdxAppraisal appraisal = appraise_simulated(forge.quote());
  EXPECT_NE(appraisal.verdict, TdxVerdict::accepted);
  EXPECT_EQ(failed_checks(appraisal), checks);
}

TEST(AppraiseTdx, AcceptsAWholeQuoteUnderItsAnchorAsFarAsItCanSee) {
  TdxForge forge;
  forge.header_and_body.at(mr_td_offset) = 0x77;
  const TdxAppraisal appraisal = appraise_simulated(forge.quote());
  EXPECT_EQ(failed_checks(appraisal), Names());
  EXPECT_EQ(appraisal.verdict, TdxVerdict::unattested);
  EXPECT_EQ(appraisal.anchor_kind, AnchorKind::simulated);
  EXPECT_EQ(appraisal.anchor_name, simulated_root_name);
  ASSERT_TRUE(appraisal.verified_body);
  EXPECT_EQ(appraisal.verified_body->mr_td.bytes[0], 0x77);
}

// Goal: no check can be forgotten in silence. Method: every appraisal lists each check once.
TEST(AppraiseTdx, ReportsEveryCheckOnceAndInOrder) {
  TdxForge broken_chain;
  broken_chain.chain_override = "no chain";
  for (const Bytes& quote : {TdxForge().quote(), broken_chain.quote(), Bytes()}) {
    const TdxAppraisal appraisal = appraise_simulated(quote);
    ASSERT_EQ(appraisal.findings.size(), tdx_check_count);
    for (std::size_t i = 0; i < tdx_check_count; ++i) {
      const TdxFinding& finding = appraisal.findings[i];
      EXPECT_EQ(finding.check, static_cast<TdxCheck>(i));
      EXPECT_EQ(finding.detail.empty(), finding.outcome == CheckOutcome::pass);
    }
  }
}

TEST(AppraiseTdx, NeverPassesWhatNeedsCollateral) {
  const TdxAppraisal appraisal = appraise_simulated(TdxForge().quote());
  std::size_t count = 0;
  for (const TdxFinding& finding : appraisal.findings) {
    if (stage_of(finding.check) == TdxStage::collateral) {
      EXPECT_EQ(finding.outcome, CheckOutcome::not_evaluated) << to_string(finding.check);
      ++count;
    }
  }
  EXPECT_EQ(count, 20U);
  EXPECT_EQ(appraisal.outcome_of(TdxStage::collateral), CheckOutcome::not_evaluated);
  EXPECT_EQ(appraisal.outcome_of(TdxStage::chain), CheckOutcome::pass);
}

TEST(AppraiseTdx, RefusesASimulatedQuoteUnderTheDefaultAnchors) {
  const TdxAppraisal appraisal = appraise_tdx(TdxForge().quote(), default_anchors(), forge_now);
  EXPECT_EQ(appraisal.verdict, TdxVerdict::contradicted);
  EXPECT_EQ(failed_checks(appraisal), (Names{"chain_root", "chain_names"}));
  EXPECT_FALSE(appraisal.anchor_kind);
  EXPECT_FALSE(appraisal.verified_body);
}

TEST(DefaultAnchors, AreIntelsRootAndNothingElse) {
  ASSERT_EQ(default_anchors().size(), 1U);
  EXPECT_EQ(default_anchors()[0].kind, AnchorKind::hardware);
  EXPECT_EQ(default_anchors()[0].name, "Intel SGX Root CA");
}

// Goal: simulated evidence never counts as hardware. Method: put Intel's real root at the end of a
// simulated chain, with Intel's names and with the simulated ones, under all anchors at once.
TEST(AppraiseTdx, ASimulatedChainNeverReachesAHardwareAnchor) {
  const TrustAnchor anchors[] = {default_anchors()[0], simulated_anchor()};
  TdxForge forge;
  const ByteView intel = default_anchors()[0].root_certificate;
  forge.root = Bytes(intel.begin(), intel.end());
  const auto simulated_names = appraise_tdx(forge.quote(), anchors, forge_now);
  forge.authority.issuer_common_name = "Intel SGX Root CA";
  forge.authority.subject_common_name = "Intel SGX PCK Platform CA";
  forge.leaf.issuer_common_name = "Intel SGX PCK Platform CA";
  forge.leaf.subject_common_name = "Intel SGX PCK Certificate";
  const auto intel_names = appraise_tdx(forge.quote(), anchors, forge_now);
  for (const TdxAppraisal& appraisal : {simulated_names, intel_names}) {
    EXPECT_EQ(appraisal.verdict, TdxVerdict::contradicted);
    EXPECT_EQ(appraisal.finding(TdxCheck::chain_signatures).outcome, CheckOutcome::fail);
    EXPECT_FALSE(appraisal.anchor_kind);
    EXPECT_FALSE(appraisal.verified_body);
  }
}

TEST(AppraiseTdx, NoAnchorsMeansNoTrust) {
  const TdxAppraisal appraisal = appraise_tdx(TdxForge().quote(), {}, forge_now);
  EXPECT_EQ(appraisal.verdict, TdxVerdict::contradicted);
  EXPECT_FALSE(appraisal.anchor_kind);
}

// Goal: a quote cannot be altered in any byte. Method: flip one bit of each.
TEST(AppraiseTdx, RefusesAFlippedBitInEveryByte) {
  Bytes quote = TdxForge().quote();
  for (std::size_t i = 0; i < quote.size(); ++i) {
    quote[i] ^= 1;
    const TdxAppraisal appraisal = appraise_simulated(quote);
    ASSERT_FALSE(failed_checks(appraisal).empty()) << "byte " << i;
    ASSERT_FALSE(appraisal.verified_body) << "byte " << i;
    quote[i] ^= 1;
  }
  EXPECT_EQ(failed_checks(appraise_simulated(quote)), Names());
}

TEST(AppraiseTdx, AnUnreadableQuoteIsMalformed) {
  const TdxAppraisal appraisal = appraise_simulated(bytes_of("not a quote"));
  EXPECT_EQ(appraisal.verdict, TdxVerdict::malformed);
  EXPECT_EQ(failed_checks(appraisal), Names{"quote_layout"});
}

TEST(AppraiseTdx, ReportsEveryFailureNotTheFirst) {
  TdxForge forge;
  forge.leaf.not_after = {forge_now.value - 1};
  forge.leaf.subject_common_name = "Another name";
  forge.authority.role = crypto::CertificateRole::end_entity;
  forge.patch_u64(td_attributes_offset, 1);
  forge.patch_u64(xfam_offset, 0);
  expect_rejected(forge, {"chain_names", "chain_constraints", "chain_validity", "td_debug_off",
                          "td_sept_ve_disable", "td_xfam"});
}

TEST(AppraiseTdx, RefusesChainsOfAnyLengthButThree) {
  TdxForge forge;
  const std::string chain = forge.chain_pem();
  const auto der = *crypto::split_pem_chain(bytes_of(chain), 3);
  const auto pem = [&](std::initializer_list<std::size_t> which) {
    std::string text;
    for (const std::size_t i : which) {
      text += crypto::pem_certificate(der.at(i));
    }
    return text;
  };
  for (const std::string& wrong : {pem({0}), pem({0, 1}), pem({0, 1, 2, 2}), pem({0, 1, 1, 2}),
                                   pem({0, 1, 2, 0, 1, 2, 0, 1, 2}), std::string("x")}) {
    forge.chain_override = wrong;
    const TdxAppraisal appraisal = appraise_simulated(forge.quote());
    EXPECT_EQ(appraisal.verdict, TdxVerdict::contradicted);
    EXPECT_EQ(failed_checks(appraisal), Names{"chain_certificates"});
    EXPECT_EQ(appraisal.finding(TdxCheck::qe_report_signature).outcome,
              CheckOutcome::not_evaluated);
    EXPECT_FALSE(appraisal.verified_body);
  }
  for (const std::string& reordered : {pem({1, 0, 2}), pem({2, 1, 0}), pem({0, 2, 1})}) {
    forge.chain_override = reordered;
    EXPECT_EQ(appraise_simulated(forge.quote()).verdict, TdxVerdict::contradicted);
  }
  forge.chain_override = pem({0, 1, 2}) + std::string(1, '\0');
  EXPECT_EQ(failed_checks(appraise_simulated(forge.quote())), Names());
}

TEST(AppraiseTdx, RefusesARootThatOnlyLooksLikeThePinnedOne) {
  TdxForge forge;  // Same name, same key, other bytes: signed anew.
  crypto::CertificateDraft root = forge.authority;
  root.subject_common_name = simulated_root_name;
  root.public_key = forge.root_key.public_key();
  forge.root = *crypto::issue_certificate(root, forge.root_key);
  const TdxAppraisal appraisal = appraise_simulated(forge.quote());
  EXPECT_EQ(appraisal.finding(TdxCheck::chain_root).outcome, CheckOutcome::fail);
  EXPECT_EQ(appraisal.finding(TdxCheck::chain_signatures).outcome, CheckOutcome::pass);
  EXPECT_FALSE(appraisal.anchor_kind);
}

TEST(AppraiseTdx, RefusesOtherNames) {
  TdxForge other_leaf;
  other_leaf.leaf.subject_common_name = "Intel SGX PCK Certificate";
  expect_rejected(other_leaf, {"chain_names"});
  TdxForge other_authority;
  other_authority.authority.subject_common_name = "Intel SGX PCK Platform CA";
  other_authority.leaf.issuer_common_name = "Intel SGX PCK Platform CA";
  expect_rejected(other_authority, {"chain_names"});
}

TEST(AppraiseTdx, RefusesWrongAuthorityFlags) {
  TdxForge leaf_is_authority;
  leaf_is_authority.leaf.role = crypto::CertificateRole::certificate_authority;
  expect_rejected(leaf_is_authority, {"chain_constraints"});
  TdxForge authority_is_not;
  authority_is_not.authority.role = crypto::CertificateRole::end_entity;
  expect_rejected(authority_is_not, {"chain_constraints"});
}

TEST(AppraiseTdx, RefusesWrongKeyUsage) {
  constexpr crypto::KeyUsage signs{.digital_signature = true, .certificate_signing = false};
  constexpr crypto::KeyUsage issues{.digital_signature = false, .certificate_signing = true};
  TdxForge leaf_only_issues;
  leaf_only_issues.leaf.key_usage = issues;
  expect_rejected(leaf_only_issues, {"chain_constraints"});
  TdxForge authority_only_signs;
  authority_only_signs.authority.key_usage = signs;
  expect_rejected(authority_only_signs, {"chain_constraints"});
  // Right usage for another role.
  TdxForge leaf_is_authority;
  leaf_is_authority.leaf.role = crypto::CertificateRole::certificate_authority;
  leaf_is_authority.leaf.key_usage = signs;
  expect_rejected(leaf_is_authority, {"chain_constraints"});
  TdxForge authority_is_not;
  authority_is_not.authority.role = crypto::CertificateRole::end_entity;
  authority_is_not.authority.key_usage = issues;
  expect_rejected(authority_is_not, {"chain_constraints"});
}

// Goal: a root that allows no authority below it is obeyed. Method: pin such a root.
TEST(AppraiseTdx, ObeysThePathLengthOfTheRoot) {
  for (const std::uint8_t length : {std::uint8_t{0}, std::uint8_t{1}}) {
    TdxForge forge;
    crypto::CertificateDraft root = forge.authority;
    root.subject_common_name = simulated_root_name;
    root.public_key = forge.root_key.public_key();
    root.path_length_max = length;
    forge.root = *crypto::issue_certificate(root, forge.root_key);
    const TrustAnchor anchor{"a test root", forge.root, AnchorKind::simulated};
    const auto appraisal = appraise_tdx(forge.quote(), std::span(&anchor, 1), forge_now);
    EXPECT_EQ(failed_checks(appraisal), length == 0 ? Names{"chain_constraints"} : Names());
    EXPECT_EQ(appraisal.anchor_kind.has_value(), length == 1);
  }
}

TEST(AppraiseTdx, RefusesAnUnknownCriticalExtension) {
  static constexpr std::array<std::uint8_t, 3> identifier{0x2a, 0x03, 0x04};
  TdxForge forge;
  forge.leaf.extra_extension = {
      .identifier = identifier, .value = {}, .criticality = crypto::Criticality::critical};
  expect_rejected(forge, {"chain_certificates"});
}

TEST(AppraiseTdx, RefusesABrokenLinkInTheChain) {
  TdxForge other_authority;
  other_authority.authority_key = *crypto::P256PrivateKey::generate();
  expect_rejected(other_authority, {"chain_signatures"});
  TdxForge other_root;
  other_root.root_key = *crypto::P256PrivateKey::generate();
  expect_rejected(other_root, {"chain_signatures"});
}

TEST(AppraiseTdx, ChecksBothEndsOfEveryValidity) {
  for (crypto::CertificateDraft TdxForge::* part : {&TdxForge::leaf, &TdxForge::authority}) {
    TdxForge at_the_ends;
    (at_the_ends.*part).not_before = forge_now;
    (at_the_ends.*part).not_after = forge_now;
    EXPECT_EQ(failed_checks(appraise_simulated(at_the_ends.quote())), Names());
    TdxForge expired;
    (expired.*part).not_after = {forge_now.value - 1000};
    expect_rejected(expired, {"chain_validity"});
    TdxForge too_early;
    (too_early.*part).not_before = {forge_now.value + 1000};
    expect_rejected(too_early, {"chain_validity"});
  }
}

TEST(AppraiseTdx, RefusesAQeReportOfAnotherPlatform) {
  TdxForge forge;
  forge.pck_key = *crypto::P256PrivateKey::generate();
  expect_rejected(forge, {"qe_report_signature"});
}

TEST(AppraiseTdx, RefusesAKeyThatTheQeDidNotVouchFor) {
  TdxForge forge;
  forge.qe_report_data_tail.back() = 1;
  expect_rejected(forge, {"attestation_key_binding"});
}

TEST(AppraiseTdx, TakesQeAuthenticationDataOfAnyLength) {
  for (const std::size_t size : {0U, 1U, 1000U}) {
    TdxForge forge;
    forge.authentication = Bytes(size, 0x42);
    EXPECT_EQ(failed_checks(appraise_simulated(forge.quote())), Names());
  }
}

TEST(AppraiseTdx, RefusesEveryDebugBit) {
  for (unsigned bit = 0; bit < 8; ++bit) {
    TdxForge forge;
    forge.patch_u64(td_attributes_offset, (std::uint64_t{1} << 28U) | (std::uint64_t{1} << bit));
    expect_rejected(forge, {"td_debug_off"});
    // The signatures are right, so the reader may be told what it is that was refused.
    EXPECT_TRUE(appraise_simulated(forge.quote()).verified_body);
  }
}

TEST(AppraiseTdx, KnowsWhichAttributesTdxDefines) {
  for (unsigned bit = 8; bit < 64; ++bit) {
    TdxForge forge;
    forge.patch_u64(td_attributes_offset, (std::uint64_t{1} << 28U) | (std::uint64_t{1} << bit));
    const bool is_known = bit == 28 || bit == 30 || bit == 31 || bit == 63;
    EXPECT_EQ(failed_checks(appraise_simulated(forge.quote())),
              is_known ? Names() : Names{"td_attributes_known"})
        << "bit " << bit;
  }
}

TEST(AppraiseTdx, NeedsSeptVeDisable) {
  TdxForge forge;
  forge.patch_u64(td_attributes_offset, 0);
  expect_rejected(forge, {"td_sept_ve_disable"});
}

TEST(AppraiseTdx, ChecksEveryBitOfXfam) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    TdxForge forge;
    forge.patch_u64(xfam_offset, 0x3U | (std::uint64_t{1} << bit));
    const bool is_allowed = ((std::uint64_t{0x0006dbe7} >> bit) & 1U) != 0;
    EXPECT_EQ(failed_checks(appraise_simulated(forge.quote())),
              is_allowed ? Names() : Names{"td_xfam"})
        << "bit " << bit;
  }
  for (const std::uint64_t without_fixed : {0xe6U, 0xe5U, 0xe4U}) {
    TdxForge forge;
    forge.patch_u64(xfam_offset, without_fixed);
    expect_rejected(forge, {"td_xfam"});
  }
}

TEST(TdxNames, AreDistinctForEveryCheck) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < tdx_check_count; ++i) {
    names.push_back(to_string(static_cast<TdxCheck>(i)));
  }
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
  EXPECT_EQ(to_string(TdxVerdict::contradicted), "contradicted");
  EXPECT_EQ(to_string(CheckOutcome::not_evaluated), "not_evaluated");
  EXPECT_EQ(to_string(TdxStage::td_policy), "td_policy");
}

}  // namespace
}  // namespace mayfly::attest
