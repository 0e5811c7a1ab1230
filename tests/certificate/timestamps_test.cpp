// Goal: a token covers everything that was in the file when it was added. Method: the file itself.
#include "certificate/timestamps.hpp"

#include <gtest/gtest.h>

#include "certificate/field_rules.hpp"
#include "tests/certificate/sample.hpp"

namespace mayfly::certificate {
namespace {

Bytes unstamped() {
  Proof proof = test::sample_proof();
  proof.timestamps.clear();
  return test::encode_sample(test::sample_statement(), proof);
}

TEST(TimestampOfACertificate, IsOverTheWholeFileAsItWas) {
  const Bytes before = unstamped();
  const auto once = with_timestamp(*decode_certificate(before), Bytes{1, 2, 3});
  ASSERT_TRUE(once);
  const auto twice = with_timestamp(*decode_certificate(*once), Bytes{4});
  ASSERT_TRUE(twice);
  const auto decoded = decode_certificate(*twice);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->proof.timestamps, (std::vector<Bytes>{{1, 2, 3}, {4}}));
  EXPECT_EQ(stamped_bytes(*decoded, 0).value(), before);
  EXPECT_EQ(stamped_bytes(*decoded, 1).value(), *once);
  EXPECT_EQ(stamped_bytes(*decoded, 2).value(), *twice) << "what the next one is over";
}

TEST(TimestampOfACertificate, CoversTheQuote) {
  Proof proof = test::sample_proof();
  proof.timestamps.clear();
  proof.tee_quote.back() ^= 1;
  const Bytes other = test::encode_sample(test::sample_statement(), proof);
  EXPECT_NE(stamped_bytes(*decode_certificate(other), 0).value(),
            stamped_bytes(*decode_certificate(unstamped()), 0).value());
}

// Withholding more, later, keeps the tokens.
TEST(TimestampOfACertificate, DoesNotCoverWhatIsShown) {
  const Bytes before = unstamped();
  auto decoded = decode_certificate(before);
  ASSERT_TRUE(decoded);
  decoded->proof.disclosure.emplace();
  EXPECT_EQ(stamped_bytes(*decoded, 0).value(), before);
}

// Goal: what is handed over can be read. Method: a certificate that is at its limit already.
TEST(TimestampOfACertificate, IsRefusedIfNobodyCouldReadTheWhole) {
  const Bytes bytes = unstamped();
  auto decoded = decode_certificate(bytes).value();
  ASSERT_TRUE(with_timestamp(decoded, Bytes(100, 1)));
  const ShownEvent event{.index = 0,
                         .event = "{\"argv\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]}",
                         .salt = Bytes(16, 4)};
  decoded.proof.disclosure.emplace().trace.emplace().events.assign(list_entries_max, event);
  const auto refused = with_timestamp(decoded, Bytes(100, 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::limit);
}

TEST(TimestampOfACertificate, HoldsTheBound) {
  Proof proof = test::sample_proof();
  proof.timestamps.assign(timestamps_max - 1, Bytes{1});
  const Bytes nearly = test::encode_sample(test::sample_statement(), proof);
  const auto full = with_timestamp(*decode_certificate(nearly), Bytes{1});
  ASSERT_TRUE(full);
  const auto more = with_timestamp(*decode_certificate(*full), Bytes{1});
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code(), ErrorCode::limit);
}

}  // namespace
}  // namespace mayfly::certificate
