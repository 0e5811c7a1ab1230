#include "crypto/sealed_bytes.hpp"

#include <sodium.h>

#include <cstdlib>

#include "crypto/random.hpp"
#include "crypto/sodium_ready.hpp"

namespace mayfly::crypto {
namespace {

constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
static_assert(sealing_key_bytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
static_assert(sealed_overhead_bytes == nonce_bytes + crypto_aead_xchacha20poly1305_ietf_ABYTES);

void require_key(ByteView key) {
  if (key.size() != sealing_key_bytes) std::abort();
  require_sodium();
}

}  // namespace

Bytes seal_bytes(ByteView key, ByteView message, ByteView place) {
  require_key(key);
  Bytes sealed(message.size() + sealed_overhead_bytes);
  const std::span nonce = std::span(sealed).first(nonce_bytes);
  fill_random(nonce);
  crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.data() + nonce_bytes, nullptr, message.data(),
                                             message.size(), place.data(), place.size(), nullptr,
                                             nonce.data(), key.data());
  return sealed;
}

Result<Bytes> open_bytes(ByteView key, ByteView sealed, ByteView place) {
  require_key(key);
  constexpr auto* not_it =
      "these bytes were not sealed by this key for this place, or were changed";
  if (sealed.size() < sealed_overhead_bytes) return fail(ErrorCode::rejected, not_it);
  const ByteView nonce = sealed.first(nonce_bytes);
  const ByteView rest = sealed.subspan(nonce_bytes);
  Bytes message(sealed.size() - sealed_overhead_bytes);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(message.data(), nullptr, nullptr, rest.data(),
                                                 rest.size(), place.data(), place.size(),
                                                 nonce.data(), key.data()) != 0) {
    return fail(ErrorCode::rejected, not_it);
  }
  return message;
}

}  // namespace mayfly::crypto
