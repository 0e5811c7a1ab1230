#include "attest/verify/tdx_quote.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/attest/tdx_forge.hpp"

namespace mayfly::attest {
namespace {

void expect_refused(ByteView quote, ErrorCode code, std::string_view said) {
  const auto parsed = parse_tdx_quote(quote);
  ASSERT_FALSE(parsed) << said;
  EXPECT_EQ(parsed.error().code(), code) << parsed.error().message();
  EXPECT_NE(parsed.error().message().find(said), std::string::npos) << parsed.error().message();
}

Bytes with_byte(Bytes bytes, std::size_t offset, std::uint8_t value) {
  bytes.at(offset) = value;
  return bytes;
}

TEST(ParseTdxQuote, ReadsEachFieldFromItsPlace) {
  TdxForge forge;
  // Every byte of the body different from its neighbours: a field read from elsewhere shows.
  for (std::size_t i = 48; i < forge.header_and_body.size(); ++i) {
    forge.header_and_body[i] = static_cast<std::uint8_t>(i % 251);
  }
  const Bytes quote = forge.quote();
  const auto parsed = parse_tdx_quote(quote);
  ASSERT_TRUE(parsed) << parsed.error().message();
  const auto at = [&](std::size_t offset, std::size_t size) {
    return ByteView(quote).subspan(offset, size);
  };
  const TdQuoteBody& body = parsed->body;
  EXPECT_TRUE(std::ranges::equal(body.tee_tcb_svn, at(48, 16)));
  EXPECT_TRUE(std::ranges::equal(body.mr_seam.bytes, at(64, 48)));
  EXPECT_TRUE(std::ranges::equal(body.mr_signer_seam.bytes, at(112, 48)));
  EXPECT_EQ(body.seam_attributes & 0xff, quote[160]);
  EXPECT_EQ(body.td_attributes & 0xff, quote[168]);
  EXPECT_EQ(body.xfam >> 56U, quote[183]);
  EXPECT_TRUE(std::ranges::equal(body.mr_td.bytes, at(184, 48)));
  EXPECT_TRUE(std::ranges::equal(body.mr_config_id.bytes, at(232, 48)));
  EXPECT_TRUE(std::ranges::equal(body.mr_owner.bytes, at(280, 48)));
  EXPECT_TRUE(std::ranges::equal(body.mr_owner_config.bytes, at(328, 48)));
  EXPECT_TRUE(std::ranges::equal(body.rtmr[0].bytes, at(376, 48)));
  EXPECT_TRUE(std::ranges::equal(body.rtmr[3].bytes, at(520, 48)));
  EXPECT_TRUE(std::ranges::equal(body.report_data, at(568, 64)));
  EXPECT_TRUE(std::ranges::equal(parsed->signed_bytes, at(0, 632)));
  EXPECT_TRUE(std::ranges::equal(parsed->signature, at(636, 64)));
  EXPECT_TRUE(std::ranges::equal(parsed->attestation_key, at(700, 64)));
  EXPECT_TRUE(std::ranges::equal(parsed->qe_report_bytes, at(770, 384)));
  EXPECT_TRUE(std::ranges::equal(parsed->qe_report.report_data, at(1090, 64)));
  EXPECT_TRUE(std::ranges::equal(parsed->qe_authentication_data, forge.authentication));
  EXPECT_EQ(text_of(parsed->pck_chain_pem).substr(0, 10), "-----BEGIN");
  EXPECT_EQ(parsed->quote_bytes.size(), quote.size());
  EXPECT_TRUE(parsed->trailing_bytes.empty());
}

// Goal: no prefix of a valid quote is accepted. Method: try every one of them.
TEST(ParseTdxQuote, RefusesEveryTruncation) {
  const Bytes quote = TdxForge().quote();
  for (std::size_t length = 0; length < quote.size(); ++length) {
    const auto parsed = parse_tdx_quote(ByteView(quote).first(length));
    ASSERT_FALSE(parsed) << "accepted a " << length << "-byte prefix";
    ASSERT_EQ(parsed.error().code(), ErrorCode::malformed);
  }
}

TEST(ParseTdxQuote, TellsWhatFollowsTheQuoteAndLeavesItOut) {
  TdxForge forge;
  const std::size_t size = forge.quote().size();
  forge.trailing = Bytes(70, 0);
  const Bytes padded = forge.quote();
  const auto parsed = parse_tdx_quote(padded);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->trailing_bytes.size(), 70U);
  EXPECT_EQ(parsed->quote_bytes.size(), padded.size() - 70);
  EXPECT_NEAR(static_cast<double>(parsed->quote_bytes.size()), static_cast<double>(size), 16);
}

TEST(ParseTdxQuote, BoundsTheSize) {
  TdxForge forge;
  Bytes quote = forge.quote();
  quote.resize(tdx_quote_bytes_max, 0);
  EXPECT_TRUE(parse_tdx_quote(quote));
  quote.push_back(0);
  expect_refused(quote, ErrorCode::limit, "at most 65536 bytes");
}

TEST(ParseTdxQuote, RefusesOtherVersionsByName) {
  const Bytes quote = TdxForge().quote();
  expect_refused(with_byte(quote, 0, 3), ErrorCode::rejected, "SGX quote (version 3)");
  expect_refused(with_byte(quote, 0, 6), ErrorCode::rejected, "unknown quote version 6");
  expect_refused(with_byte(quote, 1, 1), ErrorCode::rejected, "unknown quote version 260");
}

TEST(ParseTdxQuote, RefusesOtherKeyTypesTeesAndVendors) {
  const Bytes quote = TdxForge().quote();
  expect_refused(with_byte(quote, 2, 3), ErrorCode::rejected, "attestation key type 3");
  expect_refused(with_byte(quote, 4, 0), ErrorCode::rejected, "SGX quote (TEE type 0)");
  expect_refused(with_byte(quote, 7, 1), ErrorCode::rejected, "TEE type");
  for (std::size_t i = 12; i < 28; ++i) {
    expect_refused(with_byte(quote, i, 0xee), ErrorCode::rejected, "quoting enclave");
  }
}

TEST(ParseTdxQuote, RefusesOtherCertificationData) {
  const Bytes quote = TdxForge().quote();
  const std::size_t outer_type = signature_length_offset + 4 + 128;
  const std::size_t inner_type = outer_type + 6 + 384 + 64 + 2 + 32;
  ASSERT_EQ(quote.at(inner_type), 5);
  expect_refused(with_byte(quote, outer_type, 5), ErrorCode::rejected, "certification data");
  expect_refused(with_byte(quote, inner_type, 1), ErrorCode::rejected, "certification data");
}

// Goal: inner lengths exactly fill outer ones. Method: change each length field by one, both ways.
TEST(ParseTdxQuote, RefusesLengthsThatDisagree) {
  const Bytes quote = TdxForge().quote();
  const std::size_t outer_size = signature_length_offset + 4 + 128 + 2;
  const std::size_t authentication_size = outer_size + 4 + 384 + 64;
  const std::size_t inner_size = authentication_size + 2 + 32 + 2;
  ASSERT_EQ(quote.at(authentication_size), 32);
  for (const std::size_t field :
       {signature_length_offset, outer_size, authentication_size, inner_size}) {
    for (const unsigned step : {1U, 255U}) {
      EXPECT_FALSE(parse_tdx_quote(
          with_byte(quote, field, static_cast<std::uint8_t>(quote.at(field) + step))))
          << "length at " << field;
    }
  }
  for (const std::size_t field : {signature_length_offset, outer_size, inner_size}) {
    Bytes huge = quote;
    std::fill_n(huge.begin() + static_cast<std::ptrdiff_t>(field), 4, std::uint8_t{0xff});
    EXPECT_FALSE(parse_tdx_quote(huge)) << "length at " << field;
  }
}

}  // namespace
}  // namespace mayfly::attest
