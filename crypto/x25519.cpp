#include "crypto/x25519.hpp"

#include <sodium.h>

#include <algorithm>

#include "crypto/random.hpp"
#include "crypto/sodium_ready.hpp"

namespace mayfly::crypto {

static_assert(x25519_bytes == crypto_scalarmult_BYTES);
static_assert(x25519_bytes == crypto_scalarmult_SCALARBYTES);

Result<X25519PrivateKey> X25519PrivateKey::generate() {
  TRY(LockedSecret secret, LockedSecret::allocate(x25519_bytes));
  fill_random(secret.bytes());
  X25519PrivateKey key(std::move(secret));
  CHECK_OK(key.derive_public_key());
  return key;
}

Result<X25519PrivateKey> X25519PrivateKey::from_bytes(ByteView bytes) {
  if (bytes.size() != x25519_bytes) {
    return fail(ErrorCode::malformed, "an X25519 private key has 32 bytes");
  }
  TRY(LockedSecret secret, LockedSecret::allocate(x25519_bytes));
  std::ranges::copy(bytes, secret.bytes().begin());
  X25519PrivateKey key(std::move(secret));
  CHECK_OK(key.derive_public_key());
  return key;
}

Result<void> X25519PrivateKey::derive_public_key() {
  require_sodium();
  if (crypto_scalarmult_base(public_key_.data(), secret_.view().data()) != 0) {
    return fail(ErrorCode::internal, "libsodium could not derive an X25519 public key");
  }
  return {};
}

Result<LockedSecret> X25519PrivateKey::agree(ByteView peer) const {
  if (peer.size() != x25519_bytes) {
    return fail(ErrorCode::malformed, "an X25519 public key has 32 bytes");
  }
  TRY(LockedSecret shared, LockedSecret::allocate(x25519_bytes));
  // RFC 7748 section 6.1: an all-zero result means a peer of small order.
  if (crypto_scalarmult(shared.bytes().data(), secret_.view().data(), peer.data()) != 0) {
    return fail(ErrorCode::rejected,
                "the X25519 public key has small order: no secret can be agreed on with it");
  }
  return shared;
}

}  // namespace mayfly::crypto
