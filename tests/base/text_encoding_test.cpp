#include "base/text_encoding.hpp"

#include <gtest/gtest.h>

namespace mayfly {
namespace {

Bytes all_byte_values() {
  Bytes bytes(256);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(i);
  }
  return bytes;
}

TEST(Hex, RoundTripsEveryByteValue) {
  const Bytes bytes = all_byte_values();
  const std::string text = hex_encode(bytes);
  EXPECT_EQ(text.substr(0, 6), "000102");
  EXPECT_EQ(text.substr(508), "feff");
  EXPECT_EQ(*hex_decode(text), bytes);
  EXPECT_EQ(hex_encode({}), "");
  EXPECT_TRUE(hex_decode("")->empty());
}

TEST(Hex, RefusesEveryOtherForm) {
  for (const std::string_view text :
       {"0", "0G", "G0", "AB", "aB", "0x", " 0", "00 ", "0\n", "--"}) {
    const auto decoded = hex_decode(text);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().code(), ErrorCode::malformed);
  }
}

// RFC 4648, clause 10, without padding.
TEST(Base64url, MatchesTheRfcVectors) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : rows) {
    EXPECT_EQ(base64url_encode(bytes_of(plain)), text);
    const auto decoded = base64url_decode(text);
    ASSERT_TRUE(decoded) << text;
    EXPECT_EQ(text_of(*decoded), plain);
  }
}

TEST(Base64url, RoundTripsEveryByteValueAtEveryRemainder) {
  Bytes bytes = all_byte_values();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(*base64url_decode(base64url_encode(bytes)), bytes);
    bytes.push_back(0xff);
  }
}

TEST(Base64url, UsesTheUrlAlphabet) {
  EXPECT_EQ(base64url_encode(Bytes{0xfb, 0xff}), "-_8");
}

TEST(Base64url, RefusesEveryOtherForm) {
  for (const std::string_view text :
       {"Zg==", "Zg=", "Z", "Zm9vY", "+/8", "-_9", "Zh", "Zm9", "Z g", "Zg\n", "Zm9v\x80"}) {
    const auto decoded = base64url_decode(text);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().code(), ErrorCode::malformed);
  }
}

// RFC 4648, clause 10.
TEST(Base64, MatchesTheRfcVectors) {
  const std::pair<std::string_view, std::string_view> rows[] = {{"", ""},
                                                                {"f", "Zg=="},
                                                                {"fo", "Zm8="},
                                                                {"foo", "Zm9v"},
                                                                {"foob", "Zm9vYg=="},
                                                                {"fooba", "Zm9vYmE="},
                                                                {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : rows) {
    EXPECT_EQ(base64_encode(bytes_of(plain)), text);
    const auto decoded = base64_decode(text);
    ASSERT_TRUE(decoded) << text;
    EXPECT_EQ(text_of(*decoded), plain);
  }
  EXPECT_EQ(base64_encode(Bytes{0xfb, 0xff}), "+/8=");
}

TEST(Base64, RefusesEveryOtherForm) {
  for (const std::string_view text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "====", "=",
                                      "Zg==Zg==", "Zm9v\n", "Zm 9", "-_8=", "Zg==\n"}) {
    const auto decoded = base64_decode(text);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().code(), ErrorCode::malformed);
  }
}

}  // namespace
}  // namespace mayfly
