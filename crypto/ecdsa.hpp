// ECDSA over P-256 with SHA-256 and over P-384 with SHA-384.
//
// Source    FIPS 186-5 clause 6, through OpenSSL's EVP interface.
// Shapes    Public key x || y and signature r || s, big-endian, both halves of full width: 64 bytes
//           each for P-256, 96 for P-384.
// Errors    malformed: another size, a signature that is not DER.  rejected: a point not on the
//           curve, r or s outside [1, n-1], a signature that is not this key's over this message.
// Threads   Pure functions; a key may be used from several threads.
#pragma once
#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.hpp"
#include "base/result.hpp"

struct evp_pkey_st;

namespace mayfly::crypto {

enum class EcdsaCurve : std::uint8_t { p256, p384 };

inline constexpr std::size_t p256_key_bytes = 64;
inline constexpr std::size_t p256_signature_bytes = 64;
// SEC 2, 2.4.2: the order n.
inline constexpr std::array<std::uint8_t, 32> p256_order{
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

struct FreePkey {
  void operator()(evp_pkey_st* key) const noexcept;
};
using OwnedPkey = std::unique_ptr<evp_pkey_st, FreePkey>;

// On its curve, or it does not exist.
class EcdsaPublicKey {
 public:
  static Result<EcdsaPublicKey> from_raw(EcdsaCurve curve, ByteView x_y);

  Result<void> verify(ByteView message, ByteView r_s) const;

 private:
  EcdsaPublicKey(EcdsaCurve curve, OwnedPkey key) : curve_(curve), key_(std::move(key)) {}

  EcdsaCurve curve_;
  OwnedPkey key_;
};

// The same key for code that verifies by other schemes too: crypto/public_key.
Result<OwnedPkey> ecdsa_key_from_raw(EcdsaCurve curve, ByteView x_y);
// r || s of the curve's width, both in [1, n-1].
Result<void> check_ecdsa_signature_range(EcdsaCurve curve, ByteView r_s);

// SEQUENCE { r INTEGER, s INTEGER } as r || s; strict DER, both numbers must fit the curve's width.
Result<Bytes> ecdsa_signature_from_der(EcdsaCurve curve, ByteView der);
Bytes ecdsa_signature_to_der(ByteView r_s);

// Held in libcrypto's ordinary heap, not in locked memory: for simulated evidence and test chains,
// whose keys protect nothing, and for as long as LockedP256Key makes one signature.
class P256PrivateKey {
 public:
  static Result<P256PrivateKey> generate();
  // `scalar` is 32 bytes, big-endian, in [1, n-1].
  static Result<P256PrivateKey> from_scalar(ByteView scalar);

  const std::array<std::uint8_t, p256_key_bytes>& public_key() const { return public_key_; }
  Result<std::array<std::uint8_t, p256_signature_bytes>> sign(ByteView message) const;

 private:
  P256PrivateKey(OwnedPkey key, const std::array<std::uint8_t, p256_key_bytes>& public_key)
      : key_(std::move(key)), public_key_(public_key) {}

  OwnedPkey key_;
  std::array<std::uint8_t, p256_key_bytes> public_key_;
};

}  // namespace mayfly::crypto
