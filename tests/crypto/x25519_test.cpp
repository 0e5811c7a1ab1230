#include "crypto/x25519.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/text_encoding.hpp"

namespace mayfly::crypto {
namespace {

using nlohmann::json;

json vectors() {
  std::ifstream stream(std::string(MAYFLY_VECTORS) + "/crypto/agreement/x25519_rfc7748.json");
  return json::parse(stream);
}
Bytes from_hex(const json& text) {
  return hex_decode(text.get<std::string>()).value();
}
std::string agreed(ByteView own, ByteView peer) {
  return hex_encode(X25519PrivateKey::from_bytes(own)->agree(peer)->view());
}

TEST(X25519, AgreesAsTheRfcSays) {
  const json all = vectors();
  for (const json& one : all.at("agree")) {
    const Bytes own = from_hex(one.at("private"));
    EXPECT_EQ(agreed(own, from_hex(one.at("peer"))), one.at("shared"));
    if (one.contains("public")) {
      EXPECT_EQ(hex_encode(X25519PrivateKey::from_bytes(own)->public_key()), one.at("public"));
    }
  }
}

TEST(X25519, AgreesAThousandTimesOnEnd) {
  Bytes k(x25519_bytes, 0);
  k[0] = 9;
  Bytes u = k;
  for (int i = 1; i <= 1000; ++i) {
    const Bytes next = hex_decode(agreed(k, u)).value();
    u = std::exchange(k, next);
    if (i == 1) {
      EXPECT_EQ(hex_encode(k), vectors().at("after_1"));
    }
  }
  EXPECT_EQ(hex_encode(k), vectors().at("after_1000"));
}

TEST(X25519, MakesAnotherKeyEachTimeAndBothSidesAgree) {
  const auto a = X25519PrivateKey::generate();
  const auto b = X25519PrivateKey::generate();
  ASSERT_TRUE(a && b);
  EXPECT_NE(a->public_key(), b->public_key());
  EXPECT_TRUE(
      std::ranges::equal(a->agree(b->public_key())->view(), b->agree(a->public_key())->view()));
}

// The five points of small order below 2^255, and one more by the ignored top bit.
TEST(X25519, RefusesKeysThatEverybodyWouldAgreeOn) {
  const auto key = X25519PrivateKey::generate();
  ASSERT_TRUE(key);
  for (const char* const point :
       {"0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"}) {
    const auto agreement = key->agree(hex_decode(point).value());
    ASSERT_FALSE(agreement) << point;
    EXPECT_EQ(agreement.error().code(), ErrorCode::rejected);
  }
}

TEST(X25519, TakesNoOtherSizes) {
  const auto key = X25519PrivateKey::generate();
  ASSERT_TRUE(key);
  for (const std::size_t size : {0U, 31U, 33U}) {
    EXPECT_FALSE(key->agree(Bytes(size, 9)));
    EXPECT_FALSE(X25519PrivateKey::from_bytes(Bytes(size, 9)));
  }
}

}  // namespace
}  // namespace mayfly::crypto
