// Every vector of four Wycheproof suites, with the verdict that Wycheproof gives. None is skipped.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/text_encoding.hpp"
#include "crypto/ecdsa.hpp"
#include "crypto/ed25519.hpp"

namespace mayfly::crypto {
namespace {

using nlohmann::json;

Bytes bytes_from(const json& hex) {
  auto decoded = hex_decode(hex.get<std::string>());
  EXPECT_TRUE(decoded);
  return decoded.value_or(Bytes());
}

// Runs `verify(group, message, signature)` over the suite; returns how many vectors it held.
template <class Verify>
std::size_t run_suite(const std::string& file, const Verify& verify) {
  std::ifstream stream(std::string(MAYFLY_VECTORS) + "/crypto/wycheproof/" + file);
  const json suite = json::parse(stream);
  std::size_t count = 0;
  for (const json& group : suite.at("testGroups")) {
    for (const json& test : group.at("tests")) {
      const std::string verdict = test.at("result");
      const Result<void> verified =
          verify(group, bytes_from(test.at("msg")), bytes_from(test.at("sig")));
      EXPECT_TRUE(verdict == "valid" || verdict == "invalid");
      EXPECT_EQ(verified.has_value(), verdict == "valid")
          << file << " tcId " << test.at("tcId") << ": " << test.at("comment");
      if (!verified) {
        EXPECT_TRUE(verified.error().code() == ErrorCode::malformed ||
                    verified.error().code() == ErrorCode::rejected)
            << file << " tcId " << test.at("tcId") << ": " << verified.error().message();
      }
      ++count;
    }
  }
  EXPECT_EQ(count, suite.at("numberOfTests").get<std::size_t>());
  return count;
}

Result<EcdsaPublicKey> ecdsa_key(EcdsaCurve curve, const json& group) {
  const Bytes point = bytes_from(group.at("publicKey").at("uncompressed"));
  return EcdsaPublicKey::from_raw(curve, ByteView(point).subspan(1));
}

Result<void> verify_der(EcdsaCurve curve, const json& group, ByteView message, ByteView der) {
  TRY(const EcdsaPublicKey key, ecdsa_key(curve, group));
  TRY(const Bytes r_s, ecdsa_signature_from_der(curve, der));
  return key.verify(message, r_s);
}

TEST(Wycheproof, Ed25519) {
  EXPECT_EQ(run_suite("ed25519_test.json",
                      [](const json& group, ByteView message, ByteView signature) {
                        const Bytes key = bytes_from(group.at("publicKey").at("pk"));
                        return verify_ed25519(key, message, signature);
                      }),
            151U);
}

TEST(Wycheproof, EcdsaP256RawSignatures) {
  EXPECT_EQ(run_suite("ecdsa_secp256r1_sha256_p1363_test.json",
                      [](const json& group, ByteView message, ByteView signature) -> Result<void> {
                        TRY(const EcdsaPublicKey key, ecdsa_key(EcdsaCurve::p256, group));
                        return key.verify(message, signature);
                      }),
            262U);
}

TEST(Wycheproof, EcdsaP256DerSignatures) {
  EXPECT_EQ(run_suite("ecdsa_secp256r1_sha256_test.json",
                      [](const json& group, ByteView message, ByteView signature) {
                        return verify_der(EcdsaCurve::p256, group, message, signature);
                      }),
            484U);
}

TEST(Wycheproof, EcdsaP384DerSignatures) {
  EXPECT_EQ(run_suite("ecdsa_secp384r1_sha384_test.json",
                      [](const json& group, ByteView message, ByteView signature) {
                        return verify_der(EcdsaCurve::p384, group, message, signature);
                      }),
            504U);
}

}  // namespace
}  // namespace mayfly::crypto
