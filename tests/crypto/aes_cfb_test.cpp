#include "crypto/aes_cfb.hpp"

#include <gtest/gtest.h>

#include "base/text_encoding.hpp"

namespace mayfly::crypto {
namespace {

// openssl enc -aes-128-cfb -K 2b7e151628aed2a6abf7158809cf4f3c -iv 0
TEST(Aes128Cfb, EncryptsAsTheOpensslCommandDoes) {
  const Bytes key = hex_decode("2b7e151628aed2a6abf7158809cf4f3c").value();
  const auto encrypted = aes128_cfb_encrypt(key, bytes_of("what was wrapped, and more"));
  ASSERT_TRUE(encrypted);
  EXPECT_EQ(hex_encode(*encrypted), "0a9f0a783acff8c01e358226c96b310badf72d9d56f20578566b");
  EXPECT_TRUE(aes128_cfb_encrypt(key, {})->empty());
  EXPECT_EQ(aes128_cfb_encrypt(Bytes(15), {}).error().code(), ErrorCode::malformed);
  EXPECT_EQ(aes128_cfb_encrypt(Bytes(17), {}).error().code(), ErrorCode::malformed);
}

}  // namespace
}  // namespace mayfly::crypto
