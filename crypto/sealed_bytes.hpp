// One message under a key that may seal many: nobody without the key reads or changes it, and it
// opens only where it belongs.
//
// Source    libsodium, crypto_aead_xchacha20poly1305_ietf; a nonce of 24 random bytes, so that a
//           key's messages need no count.
// Shapes    nonce || ciphertext || tag: sealed_overhead_bytes longer than the message. `place` is
//           sealed with it and not in it: what the bytes are, and whose.
// Errors    rejected: another key, another place, or changed bytes.
// Threads   Pure functions, but for the random nonce.
#pragma once
#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::crypto {

inline constexpr std::size_t sealing_key_bytes = 32;
inline constexpr std::size_t sealed_overhead_bytes = 24 + 16;

// Precondition: a key of sealing_key_bytes.
Bytes seal_bytes(ByteView key, ByteView message, ByteView place);
Result<Bytes> open_bytes(ByteView key, ByteView sealed, ByteView place);

}  // namespace mayfly::crypto
