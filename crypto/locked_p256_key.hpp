// An ECDSA P-256 signing key that lives only in locked memory.
//
// Source    FIPS 186-5 clause 6. The nonce is OpenSSL's: drawn at random, and hashed with the key
//           and the message, so that a weak source of randomness alone does not give the key away.
// Shapes    Public key x || y, 64 bytes. Signature: strict DER with the lower s, at most 71 bytes.
// Errors    unavailable: no lockable memory.
// Threads   sign() may be called from several threads at once.
#pragma once
#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/ecdsa.hpp"
#include "crypto/locked_secret.hpp"

namespace mayfly::crypto {

// Never exported, gone with the process. libcrypto needs the key in a form of its own: it exists
// while it signs, and is cleared before sign() returns.
class LockedP256Key {
 public:
  static Result<LockedP256Key> generate();
  // For tests. `scalar` is 32 bytes, big-endian, in [1, n-1]; wiping it is the caller's duty.
  static Result<LockedP256Key> from_scalar(ByteView scalar);

  const std::array<std::uint8_t, p256_key_bytes>& public_key() const { return public_key_; }
  Result<Bytes> sign(ByteView message) const;

 private:
  LockedP256Key(LockedSecret scalar, const std::array<std::uint8_t, p256_key_bytes>& public_key)
      : scalar_(std::move(scalar)), public_key_(public_key) {}
  static Result<LockedP256Key> adopt(LockedSecret scalar);

  LockedSecret scalar_;
  std::array<std::uint8_t, p256_key_bytes> public_key_;
};

}  // namespace mayfly::crypto
