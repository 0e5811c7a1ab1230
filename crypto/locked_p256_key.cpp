#include "crypto/locked_p256_key.hpp"

#include <sodium.h>

#include <algorithm>
#include <utility>

#include "crypto/p256_form.hpp"
#include "crypto/random.hpp"

namespace mayfly::crypto {
namespace {

// More than libcrypto's deepest call for P-256 uses. It does not promise to clear what it leaves.
constexpr std::size_t stack_used_bytes = std::size_t{16} * 1024;

}  // namespace

Result<LockedP256Key> LockedP256Key::adopt(LockedSecret scalar) {
  const auto key = P256PrivateKey::from_scalar(scalar.view());
  sodium_stackzero(stack_used_bytes);
  if (!key) return std::unexpected(key.error());
  return LockedP256Key(std::move(scalar), key->public_key());
}

Result<LockedP256Key> LockedP256Key::generate() {
  while (true) {
    TRY(LockedSecret scalar, LockedSecret::allocate(p256_key_bytes / 2));
    fill_random(scalar.bytes());
    auto key = adopt(std::move(scalar));
    // Out of range about once in 2^32 draws.
    if (key || key.error().code() != ErrorCode::malformed) return key;
  }
}

Result<LockedP256Key> LockedP256Key::from_scalar(ByteView scalar) {
  if (scalar.size() != p256_key_bytes / 2) {
    return fail(ErrorCode::malformed,
                "a P-256 private key has 32 bytes, this one has " + std::to_string(scalar.size()));
  }
  TRY(LockedSecret locked, LockedSecret::allocate(scalar.size()));
  std::ranges::copy(scalar, locked.bytes().begin());
  return adopt(std::move(locked));
}

Result<Bytes> LockedP256Key::sign(ByteView message) const {
  const auto signature = [&]() -> Result<std::array<std::uint8_t, p256_signature_bytes>> {
    TRY(const P256PrivateKey key, P256PrivateKey::from_scalar(scalar_.view()));
    return key.sign(message);
  }();
  sodium_stackzero(stack_used_bytes);
  if (!signature) return std::unexpected(signature.error());
  return ecdsa_signature_to_der(with_low_s(*signature));
}

}  // namespace mayfly::crypto
