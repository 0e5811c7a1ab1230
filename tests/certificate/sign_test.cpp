#include "certificate/sign.hpp"

#include <gtest/gtest.h>

#include "certificate/dsse.hpp"
#include "crypto/p256_form.hpp"

namespace mayfly::certificate {
namespace {

const Bytes pae = dsse_pae(in_toto_payload_type, bytes_of("{}"));

bool is_p256_signature(ByteView key, ByteView message, ByteView der) {
  const auto r_s = crypto::p256_signature_from_der(der);
  const auto parsed = crypto::EcdsaPublicKey::from_raw(crypto::EcdsaCurve::p256, key);
  return r_s && parsed && parsed->verify(message, *r_s);
}

TEST(Signer, SignsThePreAuthenticationEncodingWithBothKeys) {
  const auto signer = Signer::generate();
  ASSERT_TRUE(signer) << signer.error().message();
  const auto signatures = signer->sign(bytes_of("{}"));
  ASSERT_TRUE(signatures);
  ASSERT_EQ(signatures->size(), 2U);
  const Signature& first = signatures->at(0);
  EXPECT_EQ(first.algorithm, "ed25519");
  EXPECT_TRUE(std::ranges::equal(first.public_key, signer->public_key()));
  EXPECT_TRUE(crypto::verify_ed25519(signer->public_key(), pae, first.signature));
  EXPECT_FALSE(crypto::verify_ed25519(signer->public_key(), bytes_of("{}"), first.signature))
      << "the bare payload must not verify";
  const Signature& second = signatures->at(1);
  EXPECT_EQ(second.algorithm, "ecdsa-p256-sha256");
  EXPECT_TRUE(std::ranges::equal(second.public_key, signer->p256_public_key()));
  EXPECT_TRUE(is_p256_signature(signer->p256_public_key(), pae, second.signature));
  EXPECT_FALSE(is_p256_signature(signer->p256_public_key(), bytes_of("{}"), second.signature));
}

TEST(Signer, EachOneHasItsOwnKeys) {
  const auto a = Signer::generate();
  const auto b = Signer::generate();
  ASSERT_TRUE(a && b);
  EXPECT_FALSE(std::ranges::equal(a->public_key(), b->public_key()));
  EXPECT_FALSE(std::ranges::equal(a->p256_public_key(), b->p256_public_key()));
  const auto signatures = b->sign(bytes_of("{}"));
  EXPECT_FALSE(crypto::verify_ed25519(a->public_key(), pae, signatures->at(0).signature));
  EXPECT_FALSE(is_p256_signature(a->p256_public_key(), pae, signatures->at(1).signature));
}

}  // namespace
}  // namespace mayfly::certificate
