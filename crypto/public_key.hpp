// Public keys of every kind that evidence is signed with: ECDSA over P-256 and P-384, RSA.
//
// Source    FIPS 186-5; RFC 8017 for RSASSA-PKCS1-v1_5 and RSASSA-PSS; through OpenSSL's EVP.
// Shapes    EC keys x || y and ECDSA signatures r || s, big-endian, both halves of full width. RSA
//           moduli and signatures big-endian, a signature exactly as long as the modulus.
// Errors    malformed: another size.  rejected: a point not on the curve, an RSA key under 2048 or
//           over 4096 bits, a key type that the scheme does not fit, a signature that is not this
//           key's over this message.
// Threads   Pure functions; a key may be used from several threads.
#pragma once
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/ecdsa.hpp"

namespace mayfly::crypto {

inline constexpr std::size_t rsa_modulus_bytes_min = 256;
inline constexpr std::size_t rsa_modulus_bytes_max = 512;

// SHA-1 is missing on purpose.
enum class HashAlgorithm : std::uint8_t { sha256, sha384, sha512 };
std::string_view to_string(HashAlgorithm hash);  // "SHA-256"
std::size_t digest_bytes(HashAlgorithm hash);
Bytes digest_of(HashAlgorithm hash, ByteView message);

enum class SignatureForm : std::uint8_t {
  ecdsa,
  rsa_pkcs1,
  rsa_pss,           // the salt is as long as the digest
  rsa_pss_any_salt,  // TPMs choose the longest salt that fits, or the digest's length
};

struct SignatureScheme {
  SignatureForm form;
  HashAlgorithm hash;
};

class PublicKey {
 public:
  static Result<PublicKey> from_ec(EcdsaCurve curve, ByteView x_y);
  static Result<PublicKey> from_rsa(ByteView modulus, std::uint32_t exponent);
  // Takes a key that libcrypto read already: certificates.
  static Result<PublicKey> adopt(OwnedPkey key);

  Result<void> verify(SignatureScheme scheme, ByteView message, ByteView signature) const;
  bool is_same_as(const PublicKey& other) const;

  // RSAES-OAEP, the same hash for label and mask. rejected: no RSA key, a message too long for it.
  Result<Bytes> encrypt_oaep(HashAlgorithm hash, ByteView label, ByteView message) const;

  evp_pkey_st* borrow() const { return key_.get(); }

 private:
  enum class Kind : std::uint8_t { p256, p384, rsa };
  PublicKey(Kind kind, OwnedPkey key) : kind_(kind), key_(std::move(key)) {}
  Result<void> verify_encoded(SignatureScheme scheme, ByteView message, ByteView encoded) const;

  Kind kind_;
  std::shared_ptr<evp_pkey_st> key_;  // never changed, so copies share it
};

}  // namespace mayfly::crypto
