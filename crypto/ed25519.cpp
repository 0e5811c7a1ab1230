#include "crypto/ed25519.hpp"

#include <sodium.h>

#include "crypto/sodium_ready.hpp"

namespace mayfly::crypto {

Result<Ed25519PrivateKey> Ed25519PrivateKey::generate() {
  require_sodium();
  TRY(LockedSecret secret, LockedSecret::allocate(crypto_sign_SECRETKEYBYTES));
  Ed25519PrivateKey key(std::move(secret));
  if (crypto_sign_keypair(key.public_key_.data(), key.secret_.bytes().data()) != 0) {
    return fail(ErrorCode::internal, "libsodium could not make an Ed25519 key");
  }
  return key;
}

Result<Ed25519PrivateKey> Ed25519PrivateKey::from_seed(ByteView seed) {
  require_sodium();
  if (seed.size() != crypto_sign_SEEDBYTES) {
    return fail(ErrorCode::malformed,
                "an Ed25519 seed has 32 bytes, this one has " + std::to_string(seed.size()));
  }
  TRY(LockedSecret secret, LockedSecret::allocate(crypto_sign_SECRETKEYBYTES));
  Ed25519PrivateKey key(std::move(secret));
  if (crypto_sign_seed_keypair(key.public_key_.data(), key.secret_.bytes().data(), seed.data()) !=
      0) {
    return fail(ErrorCode::internal, "libsodium could not make an Ed25519 key from its seed");
  }
  return key;
}

Result<std::array<std::uint8_t, 64>> Ed25519PrivateKey::sign(ByteView message) const {
  std::array<std::uint8_t, 64> signature;
  if (secret_.view().size() != crypto_sign_SECRETKEYBYTES ||
      crypto_sign_detached(signature.data(), /*siglen_p=*/nullptr, message.data(), message.size(),
                           secret_.view().data()) != 0) {
    return fail(ErrorCode::internal, "libsodium could not sign with Ed25519");
  }
  return signature;
}

Result<void> verify_ed25519(ByteView public_key, ByteView message, ByteView signature) {
  if (public_key.size() != crypto_sign_PUBLICKEYBYTES) {
    return fail(ErrorCode::malformed, "an Ed25519 public key has 32 bytes, this one has " +
                                          std::to_string(public_key.size()));
  }
  if (signature.size() != crypto_sign_BYTES) {
    return fail(ErrorCode::malformed, "an Ed25519 signature has 64 bytes, this one has " +
                                          std::to_string(signature.size()));
  }
  require_sodium();
  // libsodium refuses S >= L, and non-canonical or small-order keys and R, before any arithmetic.
  if (crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                  public_key.data()) != 0) {
    return fail(ErrorCode::rejected,
                "the Ed25519 signature does not match this key and message: the message, the "
                "signature or the key is not the one that was signed");
  }
  return {};
}

}  // namespace mayfly::crypto
