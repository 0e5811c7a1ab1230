#include "attest/collect/simulated_tdx.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "attest/model/tdx_layout.hpp"
#include "attest/verify/anchors.hpp"
#include "crypto/pem.hpp"
#include "crypto/x509.hpp"
#include "tests/attest/tdx_forge.hpp"

namespace mayfly::attest {
namespace {

const crypto::Sha384 measurement = crypto::sha384(bytes_of("a measured image"));

ReportData report_data_of(std::uint8_t byte) {
  ReportData report_data;
  report_data.fill(byte);
  return report_data;
}

SimulatedTdxAttester attester_at(UnixMillis now) {
  auto attester = SimulatedTdxAttester::start(measurement, now);
  EXPECT_TRUE(attester) << attester.error().message();
  return std::move(*attester);
}

TEST(SimulatedTdx, CallsItselfSimulated) {
  const auto evidence = attester_at(forge_now).quote(report_data_of(1));
  ASSERT_TRUE(evidence);
  EXPECT_EQ(evidence->kind, TeeKind::simulated_tdx);
  EXPECT_EQ(evidence->format, "tdx-quote-v4");
}

TEST(SimulatedTdx, IsReadByTheOneVerifyingPath) {
  const SimulatedTdxAttester attester = attester_at(forge_now);
  for (const std::uint8_t byte : {std::uint8_t{0x00}, std::uint8_t{0x5a}}) {
    const auto evidence = attester.quote(report_data_of(byte));
    ASSERT_TRUE(evidence);
    const TdxAppraisal appraisal = appraise_simulated(evidence->quote);
    EXPECT_EQ(failed_checks(appraisal), std::vector<std::string>());
    EXPECT_EQ(appraisal.verdict, TdxVerdict::unattested);
    EXPECT_EQ(appraisal.anchor_kind, AnchorKind::simulated);
    EXPECT_EQ(appraisal.trailing_bytes, 0U);
    ASSERT_TRUE(appraisal.verified_body);
    EXPECT_EQ(appraisal.verified_body->mr_td, measurement);
    EXPECT_EQ(appraisal.verified_body->report_data, report_data_of(byte));
  }
}

TEST(SimulatedTdx, IsRefusedUnderTheDefaultAnchors) {
  const auto evidence = attester_at(forge_now).quote(report_data_of(1));
  ASSERT_TRUE(evidence);
  const TdxAppraisal appraisal = appraise_tdx(evidence->quote, default_anchors(), forge_now);
  EXPECT_EQ(appraisal.verdict, TdxVerdict::contradicted);
  EXPECT_FALSE(appraisal.anchor_kind);
  EXPECT_FALSE(appraisal.verified_body);
}

TEST(SimulatedTdx, RefusesAFlippedBitInEveryByte) {
  Bytes quote = attester_at(forge_now).quote(report_data_of(1))->quote;
  for (std::size_t i = 0; i < quote.size(); ++i) {
    quote[i] ^= 0x10;
    ASSERT_FALSE(failed_checks(appraise_simulated(quote)).empty()) << "byte " << i;
    quote[i] ^= 0x10;
  }
}

TEST(SimulatedTdx, HasFreshKeysEachTime) {
  const auto first = attester_at(forge_now).quote(report_data_of(1));
  const auto second = attester_at(forge_now).quote(report_data_of(1));
  EXPECT_NE(parse_tdx_quote(first->quote)->attestation_key,
            parse_tdx_quote(second->quote)->attestation_key);
}

TEST(SimulatedTdx, ItsLeafCarriesThePckExtension) {
  const Bytes quote = attester_at(forge_now).quote(report_data_of(1))->quote;
  const auto chain = crypto::split_pem_chain(parse_tdx_quote(quote)->pck_chain_pem, 3);
  ASSERT_TRUE(chain);
  const auto leaf = crypto::parse_x509(chain->at(0));
  ASSERT_TRUE(leaf);
  EXPECT_TRUE(crypto::find_extension(*leaf, tdx_layout::pck_extension_identifier));
}

TEST(SimulatedTdx, VerifiesFromADayBeforeForSevenYears) {
  constexpr std::int64_t day_ms = std::int64_t{24} * 60 * 60 * 1000;
  const Bytes quote = attester_at(forge_now).quote(report_data_of(1))->quote;
  const TrustAnchor anchor = simulated_anchor();
  const auto failed_after = [&](std::int64_t milliseconds) {
    return failed_checks(
        appraise_tdx(quote, std::span(&anchor, 1), {forge_now.value + milliseconds}));
  };
  const std::vector<std::string> none;
  const std::vector<std::string> validity{"chain_validity"};
  EXPECT_EQ(failed_after(-day_ms), none);
  EXPECT_EQ(failed_after(-day_ms - 1), validity);
  EXPECT_EQ(failed_after(7 * 365 * day_ms), none);
  EXPECT_EQ(failed_after(7 * 365 * day_ms + 1000), validity);
}

TEST(SimulatedTdx, RefusesAClockOutsideTheRootsValidity) {
  constexpr UnixMillis first{1577836800000 + 86400000};  // a day after 2020-01-01
  constexpr UnixMillis last{2524607999000};              // the last second of 2049
  EXPECT_TRUE(SimulatedTdxAttester::start(measurement, first));
  EXPECT_TRUE(SimulatedTdxAttester::start(measurement, last));
  for (const UnixMillis wrong :
       {UnixMillis{0}, UnixMillis{first.value - 1}, UnixMillis{last.value + 1}}) {
    const auto attester = SimulatedTdxAttester::start(measurement, wrong);
    ASSERT_FALSE(attester);
    EXPECT_EQ(attester.error().code(), ErrorCode::limit);
  }
}

TEST(SimulatedTdx, QuotesFromSeveralThreadsAtOnce) {
  const SimulatedTdxAttester attester = attester_at(forge_now);
  std::array<bool, 4> is_right{};
  {
    std::vector<std::jthread> threads;
    threads.reserve(is_right.size());
    for (std::size_t i = 0; i < is_right.size(); ++i) {
      threads.emplace_back([&, i] {
        const auto report_data = report_data_of(static_cast<std::uint8_t>(i));
        const auto evidence = attester.quote(report_data);
        const auto appraisal = appraise_simulated(evidence->quote);
        is_right[i] =
            appraisal.verified_body && appraisal.verified_body->report_data == report_data;
      });
    }
  }
  EXPECT_TRUE(std::ranges::all_of(is_right, std::identity()));
}

TEST(SimulatedRoot, IsOpenlyWorthless) {
  const auto key = simulated_root_key();
  ASSERT_TRUE(key);
  const auto root = crypto::parse_x509(simulated_anchor().root_certificate);
  ASSERT_TRUE(root);
  EXPECT_EQ(root->public_key, key->public_key()) << "the root's key is not the public sentence's";
  EXPECT_EQ(root->subject_common_name, "Mayfly SIMULATED Root CA - not hardware");
  EXPECT_EQ(simulated_anchor().kind, AnchorKind::simulated);
  EXPECT_TRUE(crypto::verify_issued_by(*root, *root));
}

}  // namespace
}  // namespace mayfly::attest
