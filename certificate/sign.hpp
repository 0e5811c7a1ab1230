// Signs statements. Its own build target, because nothing else may touch a private key.
//
// Shapes    The key is made here, lives in locked memory, is never exported and dies with the
//           Signer. Signature: Ed25519 over DSSE PAE(in_toto_payload_type, statement slice).
// Errors    unavailable: no lockable memory.
// Threads   sign() may be called from several threads at once.
#pragma once
#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "certificate/model.hpp"
#include "crypto/ed25519.hpp"

namespace mayfly::certificate {

class Signer {
 public:
  static Result<Signer> generate();

  ByteView public_key() const { return public_key_; }
  Result<Signature> sign(ByteView statement_slice) const;

 private:
  explicit Signer(crypto::Ed25519PrivateKey key)
      : public_key_(key.public_key()), key_(std::move(key)) {}

  std::array<std::uint8_t, 32> public_key_;
  crypto::Ed25519PrivateKey key_;
};

}  // namespace mayfly::certificate
