// Real TPM quotes: tests/vectors/attest/tpm, whose MANIFEST.tsv says what each must give.
#include <gtest/gtest.h>

#include "attest/verify/tpm_structures.hpp"
#include "attest/verify/tpm_verify.hpp"
#include "base/text_encoding.hpp"
#include "tests/attest/tpm_forge.hpp"
#include "tests/attest/tpm_vectors.hpp"

namespace mayfly::attest {
namespace {

using Names = std::vector<std::string>;

TEST(TpmVectors, TheQuoteOfASoftwareTpmIsAccepted) {
  const SwtpmQuote quote;
  const TpmAppraisal appraisal = quote.appraise();
  EXPECT_EQ(failed_checks(appraisal), Names());
  EXPECT_EQ(appraisal.verdict, EvidenceVerdict::accepted);
  ASSERT_TRUE(appraisal.verified);
  EXPECT_EQ(appraisal.verified->key_name, quote.key_name);
  EXPECT_EQ(appraisal.verified->clock.reset_count, 2U);
  EXPECT_EQ(appraisal.verified->pcrs.size(), 9U);
}

// Nothing measured the boot of a bare software TPM, so the default demand refuses it.
TEST(TpmVectors, AnUnmeasuredBootIsRefused) {
  SwtpmQuote quote;
  quote.policy.boot_measured = TpmBootMeasured{};
  EXPECT_EQ(failed_checks(quote.appraise()), Names{"boot_measured"});
}

TEST(TpmVectors, TheTamperedQuoteIsRefused) {
  SwtpmQuote quote;
  quote.attest = read_attest_vector("tpm/swtpm/q_tampered.msg");
  const TpmAppraisal appraisal = quote.appraise();
  EXPECT_EQ(failed_checks(appraisal), (Names{"quote_signature", "extra_data"}));
  EXPECT_EQ(appraisal.verdict, EvidenceVerdict::rejected);
  EXPECT_FALSE(appraisal.verified);
}

// Goal: the published expectation that the Name is nameAlg || H(public area), and the qualified
// Name follows from the endorsement key's default template and its certified modulus.
TEST(TpmVectors, NamesAreThoseOfTheTpm) {
  const SwtpmQuote quote;
  const auto area = parse_tpm_public(quote.area);
  ASSERT_TRUE(area) << area.error().message();
  EXPECT_EQ(*tpm_name_of(*area), quote.key_name);
  const auto parsed = parse_tpm_quote(quote.attest);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(hex_encode(parsed->qualified_signer),
            "000b5427b7a7466f7a56aecbd5bf2d097b695d16e3b1062b4bfc72740cdebe4f8017");
}

TEST(TpmVectors, TheQuoteOfDstackParsesToItsKnownValues) {
  const Bytes attest = read_attest_vector("tpm/dstack_tpms_attest.bin");
  const auto quote = parse_tpm_quote(attest);
  ASSERT_TRUE(quote) << quote.error().message();
  EXPECT_EQ(hex_encode(quote->extra_data), "12345678");
  EXPECT_EQ(quote->clock.reset_count, 16U);
  ASSERT_EQ(quote->selections.size(), 1U);
  EXPECT_EQ(quote->selections[0], (TpmPcrSelection{TpmHash::sha256, 0b111}));
}

// Goal: no mutated byte of signed material is accepted. Method: each bit of each byte of the quote,
// the key, the PCR values; each byte of the signature.
TEST(TpmVectors, NoMutatedByteIsAccepted) {
  const SwtpmQuote valid;
  SwtpmQuote quote;
  const auto refuses = [&](Bytes& part) {
    for (std::size_t i = 0; i < part.size(); ++i) {
      for (const unsigned bit : {0x01U, 0x10U, 0x80U}) {
        part[i] = static_cast<std::uint8_t>(part[i] ^ bit);
        const TpmAppraisal appraisal = quote.appraise();
        ASSERT_NE(appraisal.verdict, EvidenceVerdict::accepted) << i;
        ASSERT_FALSE(appraisal.verified) << i;
        part[i] = static_cast<std::uint8_t>(part[i] ^ bit);
      }
    }
  };
  refuses(quote.attest);
  refuses(quote.signature);
  refuses(quote.area);
  for (TpmPcr& pcr : quote.pcrs) {
    refuses(pcr.value);
  }
  EXPECT_EQ(quote.appraise().verdict, EvidenceVerdict::accepted);
}

TEST(ParseTpmStructures, RefuseEveryTruncationAndExtension) {
  const SwtpmQuote quote;
  const auto check = [](const Bytes& whole, auto parse) {
    for (std::size_t length = 0; length < whole.size(); ++length) {
      ASSERT_FALSE(parse(ByteView(whole).first(length))) << length;
    }
    EXPECT_TRUE(parse(whole));
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_FALSE(parse(longer));
  };
  check(quote.attest, parse_tpm_quote);
  check(quote.signature, parse_tpm_signature);
  check(quote.area, parse_tpm_public);
}

TEST(ParseTpmStructures, BoundTheSize) {
  for (const std::size_t size : {tpm_structure_bytes_max, tpm_structure_bytes_max + 1}) {
    const Bytes bytes(size, 0xff);
    const auto expected = size > tpm_structure_bytes_max ? ErrorCode::limit : ErrorCode::malformed;
    EXPECT_EQ(parse_tpm_quote(bytes).error().code(), expected);
    EXPECT_EQ(parse_tpm_signature(bytes).error().code() == ErrorCode::limit,
              expected == ErrorCode::limit);
    EXPECT_EQ(parse_tpm_public(bytes).error().code() == ErrorCode::limit,
              expected == ErrorCode::limit);
  }
}

}  // namespace
}  // namespace mayfly::attest
