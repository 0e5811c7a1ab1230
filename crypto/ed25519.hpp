// Ed25519: a signing key that lives only in locked memory, and strict verification.
//
// Source    RFC 8032 (pure Ed25519), through libsodium.
// Shapes    Public key 32 bytes, signature 64 bytes.
// Errors    malformed: a key or signature of another size.  rejected: the signature is not this
//           key's over this message; also any small-order or non-canonical key, point or scalar.
//           unavailable: no lockable memory for a private key.
// Threads   Pure functions; a key may be used from several threads.
#pragma once
#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/locked_secret.hpp"

namespace mayfly::crypto {

// Never exported, gone with the process.
class Ed25519PrivateKey {
 public:
  static Result<Ed25519PrivateKey> generate();
  // For a key that must outlive a process, as a log's must. `seed` is 32 bytes of RFC 8032's
  // private key; wiping it is the caller's duty.
  static Result<Ed25519PrivateKey> from_seed(ByteView seed);

  std::array<std::uint8_t, 32> public_key() const { return public_key_; }
  Result<std::array<std::uint8_t, 64>> sign(ByteView message) const;

 private:
  explicit Ed25519PrivateKey(LockedSecret secret) : secret_(std::move(secret)) {}

  LockedSecret secret_;  // libsodium's form: seed, then public key.
  std::array<std::uint8_t, 32> public_key_{};
};

Result<void> verify_ed25519(ByteView public_key, ByteView message, ByteView signature);

}  // namespace mayfly::crypto
