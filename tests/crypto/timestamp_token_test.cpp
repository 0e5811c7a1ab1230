// Goal: a token is believed only if an authority that the caller trusts made it, over these bytes,
// while its certificate was good. Method: tokens of Sigstore's authority, then one thing changed.
// tests/cli/timestamp_test.py has openssl as the authority, for what no published token shows.
#include "crypto/timestamp_token.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/file_io.hpp"
#include "base/text_encoding.hpp"
#include "crypto/pem.hpp"

namespace mayfly::crypto {
namespace {

Bytes vector(const std::string& name) {
  auto bytes = read_file(MAYFLY_VECTORS "/crypto/timestamp/" + name, 1 << 16);
  EXPECT_TRUE(bytes) << name;
  return bytes ? *std::move(bytes) : Bytes();
}

TimestampRoots roots() {
  return TimestampRoots::from_pem(vector("with_certificate.roots.pem")).value();
}

Bytes token_bytes(const std::string& name) {
  return token_of_timestamp_response(vector(name + ".tsr")).value();
}

TEST(TimestampToken, OfSigstoresAuthorityIsVerified) {
  const std::pair<std::string, std::string> published[] = {
      {"with_certificate", "2025-06-12T12:02:2"}, {"without_certificate", "2026-05-13T19:23:3"}};
  for (const auto& [name, time] : published) {
    const auto token = TimestampToken::parse(token_bytes(name));
    ASSERT_TRUE(token) << token.error().message();
    EXPECT_TRUE(to_rfc3339(token->latest()).starts_with(time)) << to_rfc3339(token->latest());
    EXPECT_TRUE(token->check_imprint(vector(name + ".stamped")));
    const auto authority = token->verify(roots());
    ASSERT_TRUE(authority) << name << ": " << authority.error().message();
    EXPECT_EQ(authority->name, "sigstore-tsa");
    EXPECT_GT(authority->expires, token->latest());
  }
}

TEST(TimestampToken, OverOtherBytesIsRefused) {
  const auto token = TimestampToken::parse(token_bytes("with_certificate"));
  ASSERT_TRUE(token);
  const auto other = token->check_imprint(vector("without_certificate.stamped"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), ErrorCode::rejected);
  EXPECT_FALSE(token->check_imprint({}));
}

TEST(TimestampToken, OfAnAuthorityThatNoRootLeadsToIsNotTrusted) {
  const auto token = TimestampToken::parse(token_bytes("with_certificate"));
  ASSERT_TRUE(token);
  const auto der = read_file(MAYFLY_VECTORS "/crypto/openssl/intermediate_p384.der", 1 << 16);
  ASSERT_TRUE(der);
  const auto other = TimestampRoots::from_pem(bytes_of(pem_certificate(*der)));
  ASSERT_TRUE(other) << other.error().message();
  const auto verified = token->verify(*other);
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code(), ErrorCode::unavailable);
  EXPECT_FALSE(TimestampRoots::from_pem({})) << "no roots at all is a mistake, not a policy";
}

// Nobody can say whose signature it is: that contradicts nothing.
TEST(TimestampToken, WithoutItsAuthoritysCertificateAnywhereIsNotTrusted) {
  const auto token = TimestampToken::parse(token_bytes("without_certificate"));
  ASSERT_TRUE(token);
  const auto der = read_file(MAYFLY_VECTORS "/crypto/openssl/intermediate_p384.der", 1 << 16);
  ASSERT_TRUE(der);
  const auto verified = token->verify(*TimestampRoots::from_pem(bytes_of(pem_certificate(*der))));
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code(), ErrorCode::unavailable) << verified.error().message();
}

TEST(TimestampToken, SaysBothEndsOfItsAuthoritysDoubt) {
  for (const char* const name : {"with_certificate", "without_certificate"}) {
    const auto token = TimestampToken::parse(token_bytes(name));
    ASSERT_TRUE(token);
    const std::int64_t width = token->latest().value - token->earliest().value;
    EXPECT_GE(width, 999) << "a fraction of a second is not read";
    EXPECT_LE(width, 10'000);
  }
}

TEST(TimestampToken, RefusesEveryTruncation) {
  const Bytes whole = token_bytes("with_certificate");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto token = TimestampToken::parse(ByteView(whole).first(length));
    ASSERT_FALSE(token) << length;
    ASSERT_EQ(token.error().code(), ErrorCode::malformed);
  }
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(TimestampToken::parse(longer));
}

// Some bytes of a token mean nothing, as another spelling of a NULL or its copy of a certificate
// that is at hand; no change of one may make it say another time, or be over other bytes.
TEST(TimestampToken, NoChangedByteGivesAnotherTimeOrOtherBytes) {
  const Bytes whole = token_bytes("with_certificate");
  const auto original = TimestampToken::parse(whole);
  ASSERT_TRUE(original);
  const Bytes stamped = vector("with_certificate.stamped");
  const TimestampRoots trusted = roots();
  int refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Bytes changed = whole;
    changed[at] ^= 0x01;
    const auto token = TimestampToken::parse(changed);
    if (!token || !token->check_imprint(stamped) || !token->verify(trusted)) {
      ++refused;
      continue;
    }
    ASSERT_EQ(token->latest(), original->latest()) << at;
  }
  EXPECT_GT(refused, 700);
}

TEST(TimestampToken, HoldsItsBound) {
  EXPECT_EQ(TimestampToken::parse(Bytes(timestamp_token_bytes_max, 0x30)).error().code(),
            ErrorCode::malformed);
  EXPECT_EQ(TimestampToken::parse(Bytes(timestamp_token_bytes_max + 1, 0x30)).error().code(),
            ErrorCode::limit);
}

// The same as `openssl ts -query -sha256 -cert -no_nonce` writes over "hello".
TEST(TimestampRequest, IsWhatOpensslWrites) {
  EXPECT_EQ(hex_encode(timestamp_request(bytes_of("hello"))),
            "30390201013031300d060960864801650304020105000420"
            "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
            "0101ff");
}

TEST(TimestampResponse, GivesItsTokenAsItStandsThere) {
  const Bytes response = vector("with_certificate.tsr");
  const Bytes token = token_bytes("with_certificate");
  ASSERT_LT(token.size(), response.size());
  EXPECT_TRUE(std::ranges::equal(token, ByteView(response).last(token.size())));
  EXPECT_EQ(token_of_timestamp_response(token).value(), token);
}

TEST(TimestampResponse, ThatGrantsNothingSaysItsStatus) {
  const auto refused = token_of_timestamp_response(*hex_decode("30053003020102"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::rejected);
  EXPECT_NE(refused.error().message().find("status 2"), std::string::npos);
  EXPECT_FALSE(token_of_timestamp_response(*hex_decode("30053003020100"))) << "granted, no token";
  EXPECT_FALSE(token_of_timestamp_response({}));
  EXPECT_EQ(
      token_of_timestamp_response(Bytes(timestamp_response_bytes_max + 1, 0x30)).error().code(),
      ErrorCode::limit);
}

}  // namespace
}  // namespace mayfly::crypto
