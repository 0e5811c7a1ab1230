#include "crypto/sha2.hpp"

#include <gtest/gtest.h>

#include "base/text_encoding.hpp"

namespace mayfly::crypto {
namespace {

// FIPS 180-4 example values.
TEST(Sha256, MatchesThePublishedExamples) {
  EXPECT_EQ(hex_encode(sha256(bytes_of("abc")).bytes),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_encode(sha256({}).bytes),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha384, MatchesThePublishedExample) {
  EXPECT_EQ(hex_encode(sha384(bytes_of("abc")).bytes),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
            "8086072ba1e7cc2358baeca134c825a7");
}

// RFC 4231, test case 2.
TEST(HmacSha256, MatchesThePublishedExample) {
  EXPECT_EQ(
      hex_encode(hmac_sha256(bytes_of("Jefe"), bytes_of("what do ya want for nothing?")).bytes),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

// RFC 4231, test case 6; and the longest key that is not hashed first, and the shortest that is.
TEST(HmacSha256, HashesAKeyThatIsLongerThanABlock) {
  const auto with_key_of = [](std::size_t size) {
    const Bytes key(size, 0xaa);
    const auto message = bytes_of("Test Using Larger Than Block-Size Key - Hash Key First");
    return hex_encode(hmac_sha256(key, message).bytes);
  };
  EXPECT_EQ(with_key_of(131), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(with_key_of(64), "84332a7580ed3cf75de83c644c8d2c1c262ad90e0190e5c5ae4b82b2102e8e75");
  EXPECT_EQ(with_key_of(65), "c62955a96944ff68deabbc0eab6192065c1c55bb8ddee16151ed5337f911eab9");
}

TEST(HmacSha256, TakesAnEmptyKeyAndMessage) {
  EXPECT_EQ(hex_encode(hmac_sha256({}, {}).bytes),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Sha256Hasher, GivesTheSameDigestHoweverTheInputIsCut) {
  const std::string text(200, 'x');
  const Sha256 whole = sha256(bytes_of(text));
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Sha256Hasher hasher;
    hasher.update(bytes_of(text).first(cut));
    hasher.update(bytes_of(text).subspan(cut));
    ASSERT_EQ(std::move(hasher).finish(), whole) << cut;
  }
}

TEST(Sha256Hasher, ACopyEndsOnItsOwn) {
  Sha256Hasher first;
  first.update(bytes_of("a"));
  Sha256Hasher second(first);
  first.update(bytes_of("b"));
  second.update(bytes_of("c"));
  EXPECT_EQ(std::move(first).finish(), sha256(bytes_of("ab")));
  EXPECT_EQ(std::move(second).finish(), sha256(bytes_of("ac")));
}

TEST(Sha256Text, RoundTrips) {
  const Sha256 digest = sha256(bytes_of("abc"));
  EXPECT_EQ(to_text(digest).substr(0, 11), "sha256:ba78");
  EXPECT_EQ(*sha256_from_text(to_text(digest)), digest);
}

TEST(Sha256Text, RefusesEveryOtherForm) {
  const std::string good = to_text(sha256({}));
  const std::string upper = "sha256:" + std::string(64, 'A');
  const std::string not_hex = "sha256:" + std::string(64, 'g');
  for (const std::string& text :
       {std::string(), good.substr(7), good.substr(0, 70), good + "0", "sha384:" + good.substr(7),
        "SHA256:" + good.substr(7), upper, not_hex, " " + good}) {
    const auto parsed = sha256_from_text(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), ErrorCode::malformed);
  }
}

}  // namespace
}  // namespace mayfly::crypto
