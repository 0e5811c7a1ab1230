#include "crypto/ecdsa.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text_encoding.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::crypto {
namespace {

// RFC 6979, A.2.5: the private key x and its public point.
constexpr std::string_view rfc6979_scalar =
    "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
constexpr std::string_view rfc6979_public_key =
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
constexpr std::string_view p256_order_hex =
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

EcdsaPublicKey public_key_of(const P256PrivateKey& key) {
  auto made = EcdsaPublicKey::from_raw(EcdsaCurve::p256, key.public_key());
  EXPECT_TRUE(made);
  return std::move(*made);
}

TEST(P256PrivateKey, ComputesThePublicKeyOfTheRfc) {
  const auto key = P256PrivateKey::from_scalar(*hex_decode(rfc6979_scalar));
  ASSERT_TRUE(key);
  EXPECT_EQ(hex_encode(key->public_key()), rfc6979_public_key);
}

// RFC 6979, A.2.5, SHA-256, message "sample".
TEST(EcdsaVerify, AcceptsTheRfcSignature) {
  const auto key = EcdsaPublicKey::from_raw(EcdsaCurve::p256, *hex_decode(rfc6979_public_key));
  ASSERT_TRUE(key);
  const Bytes signature = *hex_decode(
      "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
      "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
  EXPECT_TRUE(key->verify(bytes_of("sample"), signature));
  EXPECT_FALSE(key->verify(bytes_of("Sample"), signature));
}

TEST(P256PrivateKey, SignsWhatItsPublicKeyVerifies) {
  const auto key = P256PrivateKey::generate();
  ASSERT_TRUE(key);
  const EcdsaPublicKey public_key = public_key_of(*key);
  for (int i = 0; i < 200; ++i) {  // r and s of every DER length turn up.
    const std::string message = std::to_string(i);
    const auto signature = key->sign(bytes_of(message));
    ASSERT_TRUE(signature);
    ASSERT_TRUE(public_key.verify(bytes_of(message), *signature));
  }
}

TEST(P256PrivateKey, RefusesScalarsOutsideOneToOrder) {
  Bytes order = *hex_decode(p256_order_hex);
  Bytes one(32, 0);
  one[31] = 1;
  Bytes largest = order;
  largest[31] -= 1;
  EXPECT_TRUE(P256PrivateKey::from_scalar(one));
  EXPECT_TRUE(P256PrivateKey::from_scalar(largest));
  for (const Bytes& wrong : {Bytes(32, 0), order, Bytes(32, 0xff), Bytes(31, 1), Bytes(33, 1)}) {
    const auto key = P256PrivateKey::from_scalar(wrong);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code(), ErrorCode::malformed);
  }
}

TEST(EcdsaPublicKey, RefusesPointsOffTheCurve) {
  Bytes point = *hex_decode(rfc6979_public_key);
  point[63] ^= 1;
  EXPECT_EQ(EcdsaPublicKey::from_raw(EcdsaCurve::p256, point).error().code(), ErrorCode::rejected);
  EXPECT_EQ(EcdsaPublicKey::from_raw(EcdsaCurve::p256, Bytes(64, 0)).error().code(),
            ErrorCode::rejected);
  // x >= p
  EXPECT_EQ(EcdsaPublicKey::from_raw(EcdsaCurve::p256, Bytes(64, 0xff)).error().code(),
            ErrorCode::rejected);
  EXPECT_EQ(EcdsaPublicKey::from_raw(EcdsaCurve::p384, Bytes(96, 1)).error().code(),
            ErrorCode::rejected);
}

TEST(EcdsaPublicKey, OtherSizesAreMalformed) {
  for (const std::size_t size : {0U, 63U, 65U, 96U}) {
    EXPECT_EQ(EcdsaPublicKey::from_raw(EcdsaCurve::p256, Bytes(size, 1)).error().code(),
              ErrorCode::malformed);
  }
  EXPECT_EQ(EcdsaPublicKey::from_raw(EcdsaCurve::p384, Bytes(64, 1)).error().code(),
            ErrorCode::malformed);
}

TEST(EcdsaVerify, RefusesRAndSOutsideOneToOrder) {
  const auto key = P256PrivateKey::generate();
  ASSERT_TRUE(key);
  const EcdsaPublicKey public_key = public_key_of(*key);
  const auto good = *key->sign(bytes_of("m"));
  const Bytes order = *hex_decode(p256_order_hex);
  for (const std::ptrdiff_t half : {0, 32}) {
    auto zero = good;
    std::fill_n(zero.begin() + half, 32, std::uint8_t{0});
    auto at_order = good;
    std::ranges::copy(order, at_order.begin() + half);
    auto all_ones = good;
    std::fill_n(all_ones.begin() + half, 32, std::uint8_t{0xff});
    for (const auto& wrong : {zero, at_order, all_ones}) {
      const auto verified = public_key.verify(bytes_of("m"), wrong);
      ASSERT_FALSE(verified);
      EXPECT_EQ(verified.error().code(), ErrorCode::rejected);
    }
  }
}

TEST(EcdsaVerify, OtherSignatureSizesAreMalformed) {
  const auto key = P256PrivateKey::generate();
  ASSERT_TRUE(key);
  const EcdsaPublicKey public_key = public_key_of(*key);
  for (const std::size_t size : {0U, 63U, 65U, 96U}) {
    EXPECT_EQ(public_key.verify(bytes_of("m"), Bytes(size, 1)).error().code(),
              ErrorCode::malformed);
  }
}

TEST(EcdsaDerSignature, RoundTripsShortAndLongNumbers) {
  for (const unsigned first : {0x00U, 0x01U, 0x7fU, 0x80U, 0xffU}) {
    Bytes r_s(64, 0x11);
    r_s[0] = static_cast<std::uint8_t>(first);
    r_s[32] = static_cast<std::uint8_t>(first ^ 0xffU);
    const auto read = ecdsa_signature_from_der(EcdsaCurve::p256, ecdsa_signature_to_der(r_s));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, r_s);
  }
}

}  // namespace
}  // namespace mayfly::crypto
