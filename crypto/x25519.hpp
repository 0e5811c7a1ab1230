// X25519: a key that two sides agree on when each has only seen the other's public half.
//
// Source    RFC 7748, through libsodium.
// Shapes    Private key, public key and shared secret 32 bytes each.
// Errors    malformed: a key of another size.  rejected: the peer's key has small order, so the
//           secret would be known to everybody.  unavailable: no lockable memory.
// Threads   Pure functions; a key may be used from several threads.
#pragma once
#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/locked_secret.hpp"

namespace mayfly::crypto {

inline constexpr std::size_t x25519_bytes = 32;
using X25519PublicKey = std::array<std::uint8_t, x25519_bytes>;

// Never exported, gone with its owner.
class X25519PrivateKey {
 public:
  static Result<X25519PrivateKey> generate();
  // For known answers. Wiping `bytes` is the caller's duty.
  static Result<X25519PrivateKey> from_bytes(ByteView bytes);

  const X25519PublicKey& public_key() const { return public_key_; }
  // Not uniform: derive keys from it, never use it as one.
  Result<LockedSecret> agree(ByteView peer) const;

 private:
  explicit X25519PrivateKey(LockedSecret secret) : secret_(std::move(secret)) {}
  Result<void> derive_public_key();

  LockedSecret secret_;
  X25519PublicKey public_key_{};
};

}  // namespace mayfly::crypto
