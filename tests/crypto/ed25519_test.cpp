#include "crypto/ed25519.hpp"

#include <gtest/gtest.h>

#include "base/text_encoding.hpp"

namespace mayfly::crypto {
namespace {

Ed25519PrivateKey fresh_key() {
  auto key = Ed25519PrivateKey::generate();
  EXPECT_TRUE(key) << key.error().message();
  return std::move(*key);
}

TEST(Ed25519, VerifiesWhatItSigned) {
  const Ed25519PrivateKey key = fresh_key();
  for (const std::string_view text : {"", "a", "a longer message"}) {
    const auto signature = key.sign(bytes_of(text));
    ASSERT_TRUE(signature);
    EXPECT_TRUE(verify_ed25519(key.public_key(), bytes_of(text), *signature));
  }
}

TEST(Ed25519, MakesANewKeyEachTime) {
  EXPECT_NE(fresh_key().public_key(), fresh_key().public_key());
}

// RFC 8032, clause 7.1, test 2.
TEST(Ed25519, FromASeedSignsAsTheRfcDoes) {
  const auto key = Ed25519PrivateKey::from_seed(
      *hex_decode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
  ASSERT_TRUE(key) << key.error().message();
  EXPECT_EQ(hex_encode(key->public_key()),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  EXPECT_EQ(hex_encode(*key->sign(*hex_decode("72"))),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_EQ(Ed25519PrivateKey::from_seed(Bytes(31)).error().code(), ErrorCode::malformed);
  EXPECT_EQ(Ed25519PrivateKey::from_seed(Bytes(33)).error().code(), ErrorCode::malformed);
}

TEST(Ed25519, RefusesEveryFlippedBit) {
  const Ed25519PrivateKey key = fresh_key();
  const auto signature = *key.sign(bytes_of("message"));
  for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    auto changed = signature;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    const auto verified = verify_ed25519(key.public_key(), bytes_of("message"), changed);
    ASSERT_FALSE(verified) << "signature bit " << bit;
    EXPECT_EQ(verified.error().code(), ErrorCode::rejected);
  }
  for (std::size_t bit = 0; bit < 8 * 32; ++bit) {
    auto changed = key.public_key();
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    ASSERT_FALSE(verify_ed25519(changed, bytes_of("message"), signature)) << "key bit " << bit;
  }
  EXPECT_FALSE(verify_ed25519(key.public_key(), bytes_of("messagf"), signature));
}

TEST(Ed25519, OtherSizesAreMalformed) {
  const Ed25519PrivateKey key = fresh_key();
  const auto signature = *key.sign(bytes_of("m"));
  const auto public_key = key.public_key();
  const Bytes long_key(33, 1);
  const Bytes long_signature(65, 1);
  for (const ByteView wrong : {ByteView(public_key).first(31), ByteView(long_key), ByteView()}) {
    EXPECT_EQ(verify_ed25519(wrong, bytes_of("m"), signature).error().code(), ErrorCode::malformed);
  }
  for (const ByteView wrong :
       {ByteView(signature).first(63), ByteView(long_signature), ByteView()}) {
    EXPECT_EQ(verify_ed25519(public_key, bytes_of("m"), wrong).error().code(),
              ErrorCode::malformed);
  }
}

// The points of order 1, 2, 4 and 8, also in non-canonical encodings (y = p, y = p + 1).
constexpr std::string_view small_order_keys[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"};

// Goal: no key whose signatures fit any message. Method: with S = 0 and R = the key, the equation
// of such a key holds for many messages; all must be refused.
TEST(Ed25519, RefusesSmallOrderAndNonCanonicalKeys) {
  for (const std::string_view text : small_order_keys) {
    const Bytes key = *hex_decode(text);
    for (const std::string_view r : small_order_keys) {
      Bytes signature = *hex_decode(r);
      signature.resize(64, 0);
      for (const std::string_view message : {"a", "b", "c", "d", "e", "f", "g", "h"}) {
        const auto verified = verify_ed25519(key, bytes_of(message), signature);
        ASSERT_FALSE(verified) << text;
        EXPECT_EQ(verified.error().code(), ErrorCode::rejected);
      }
    }
  }
}

TEST(Ed25519, AMovedFromKeySignsNothing) {
  Ed25519PrivateKey key = fresh_key();
  const Ed25519PrivateKey owner = std::move(key);
  // NOLINTNEXTLINE(bugprone-use-after-move,clang-analyzer-cplusplus.Move): it is what is tested.
  EXPECT_FALSE(key.sign(bytes_of("m")));
  EXPECT_TRUE(owner.sign(bytes_of("m")));
}

}  // namespace
}  // namespace mayfly::crypto
