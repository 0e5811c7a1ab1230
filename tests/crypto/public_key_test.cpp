#include "crypto/public_key.hpp"

#include <gtest/gtest.h>

#include "base/file_io.hpp"
#include "crypto/pki_certificate.hpp"

namespace mayfly::crypto {
namespace {

Bytes vector_file(const std::string& name) {
  auto bytes = read_file(std::string(MAYFLY_VECTORS) + "/crypto/openssl/" + name, 65536);
  EXPECT_TRUE(bytes) << name;
  return bytes.value_or(Bytes());
}

const ByteView message = bytes_of("what was signed");

struct Case {
  const char* certificate;
  const char* signature;
  SignatureScheme scheme;
};
constexpr Case cases[] = {
    {"leaf_p256.der", "ecdsa_p256_sha256.sig", {SignatureForm::ecdsa, HashAlgorithm::sha256}},
    {"intermediate_p384.der",
     "ecdsa_p384_sha384.sig",
     {SignatureForm::ecdsa, HashAlgorithm::sha384}},
    {"root_rsa_pss.der", "rsa_pkcs1_sha256.sig", {SignatureForm::rsa_pkcs1, HashAlgorithm::sha256}},
    {"root_rsa_pss.der", "rsa_pss_sha384.sig", {SignatureForm::rsa_pss, HashAlgorithm::sha384}},
    {"root_rsa_pss.der",
     "rsa_pss_sha384.sig",
     {SignatureForm::rsa_pss_any_salt, HashAlgorithm::sha384}},
    {"root_rsa_pss.der",
     "rsa_pss_max_salt_sha256.sig",
     {SignatureForm::rsa_pss_any_salt, HashAlgorithm::sha256}},
};

PublicKey key_of(const char* certificate) {
  return PkiCertificate::parse(vector_file(certificate)).value().public_key();
}

Bytes signature_of(const Case& each) {
  Bytes signature = vector_file(each.signature);
  if (each.scheme.form == SignatureForm::ecdsa) {
    const bool is_p256 = each.scheme.hash == HashAlgorithm::sha256;
    return ecdsa_signature_from_der(is_p256 ? EcdsaCurve::p256 : EcdsaCurve::p384, signature)
        .value();
  }
  return signature;
}

TEST(PublicKey, VerifiesWhatTheOpensslCommandSigned) {
  for (const Case& each : cases) {
    const auto verified = key_of(each.certificate).verify(each.scheme, message, signature_of(each));
    EXPECT_TRUE(verified) << each.signature << ": " << verified.error().message();
  }
}

TEST(PublicKey, RefusesEveryChangedByteOfASignature) {
  for (const Case& each : cases) {
    const PublicKey key = key_of(each.certificate);
    Bytes signature = signature_of(each);
    for (std::size_t i = 0; i < signature.size(); ++i) {
      signature[i] = static_cast<std::uint8_t>(signature[i] ^ 0x04U);
      ASSERT_FALSE(key.verify(each.scheme, message, signature)) << each.signature << i;
      signature[i] = static_cast<std::uint8_t>(signature[i] ^ 0x04U);
    }
    signature.push_back(0);
    EXPECT_FALSE(key.verify(each.scheme, message, signature)) << each.signature;
    EXPECT_FALSE(key.verify(each.scheme, message, {})) << each.signature;
    EXPECT_FALSE(key.verify(each.scheme, bytes_of("something else"), signature_of(each)));
  }
}

// A salt of another length than the digest is another scheme, and so are another hash and padding.
TEST(PublicKey, RefusesEveryOtherScheme) {
  const SignatureForm forms[] = {SignatureForm::ecdsa, SignatureForm::rsa_pkcs1,
                                 SignatureForm::rsa_pss, SignatureForm::rsa_pss_any_salt};
  const HashAlgorithm hashes[] = {HashAlgorithm::sha256, HashAlgorithm::sha384,
                                  HashAlgorithm::sha512};
  for (const Case& each : cases) {
    for (const SignatureForm form : forms) {
      for (const HashAlgorithm hash : hashes) {
        const bool is_own =
            hash == each.scheme.hash &&
            (form == each.scheme.form ||
             (std::string(each.signature) == "rsa_pss_sha384.sig" &&
              (form == SignatureForm::rsa_pss_any_salt || form == SignatureForm::rsa_pss)));
        EXPECT_EQ(
            key_of(each.certificate).verify({form, hash}, message, signature_of(each)).has_value(),
            is_own)
            << each.signature << static_cast<int>(form) << static_cast<int>(hash);
      }
    }
  }
}

TEST(PublicKey, RefusesWeakRsaKeys) {
  EXPECT_FALSE(PublicKey::from_rsa(Bytes(255, 0xff), 65537));
  EXPECT_FALSE(PublicKey::from_rsa(Bytes(513, 0xff), 65537));
  EXPECT_FALSE(PublicKey::from_rsa(Bytes(256, 0xff), 3));
  Bytes modulus(256, 0xff);
  EXPECT_TRUE(PublicKey::from_rsa(modulus, 65537));
  modulus[0] = 0x7f;
  EXPECT_FALSE(PublicKey::from_rsa(modulus, 65537)) << "2047 bits";
  modulus[0] = 0xff;
  modulus[255] = 0xfe;
  EXPECT_FALSE(PublicKey::from_rsa(modulus, 65537)) << "even";
}

// That a TPM opens what is encrypted is a test of attest/collect.
TEST(PublicKey, EncryptsWithRsaAloneAndWhatFits) {
  const PublicKey rsa = key_of("root_rsa_pss.der");
  const ByteView label = bytes_of("label");
  const auto once = rsa.encrypt_oaep(HashAlgorithm::sha256, label, message);
  const auto again = rsa.encrypt_oaep(HashAlgorithm::sha256, label, message);
  ASSERT_TRUE(once && again);
  EXPECT_EQ(once->size(), 384U);
  EXPECT_NE(*once, *again);
  constexpr std::size_t most = 384 - 2 * 32 - 2;
  EXPECT_TRUE(rsa.encrypt_oaep(HashAlgorithm::sha256, label, Bytes(most, 1)));
  EXPECT_FALSE(rsa.encrypt_oaep(HashAlgorithm::sha256, label, Bytes(most + 1, 1)));
  EXPECT_FALSE(key_of("leaf_p256.der").encrypt_oaep(HashAlgorithm::sha256, label, message));
}

TEST(PublicKey, IsTheSameOnlyAsItself) {
  const PublicKey leaf = key_of("leaf_p256.der");
  EXPECT_TRUE(leaf.is_same_as(key_of("leaf_p256.der")));
  EXPECT_FALSE(leaf.is_same_as(key_of("intermediate_p384.der")));
  EXPECT_FALSE(leaf.is_same_as(key_of("root_rsa_pss.der")));
}

}  // namespace
}  // namespace mayfly::crypto
