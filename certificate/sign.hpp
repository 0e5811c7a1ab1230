// Signs statements. Its own build target, because nothing else may touch a private key.
//
// Shapes    Two keys are made here, live in locked memory, are never exported and die with the
//           Signer. Both sign DSSE PAE(in_toto_payload_type, statement slice): Ed25519 what the
//           evidence binds by name, ECDSA P-256 for tools that know no Ed25519.
// Errors    unavailable: no lockable memory.
// Threads   sign() may be called from several threads at once.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "certificate/model.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/locked_p256_key.hpp"

namespace mayfly::certificate {

class Signer {
 public:
  static Result<Signer> generate();

  ByteView public_key() const { return public_key_; }
  ByteView p256_public_key() const { return p256_key_.public_key(); }  // x || y

  // By each key: Ed25519, then P-256. Precondition: the statement names both.
  Result<std::vector<Signature>> sign(ByteView statement_slice) const;

 private:
  Signer(crypto::Ed25519PrivateKey key, crypto::LockedP256Key p256_key)
      : public_key_(key.public_key()), key_(std::move(key)), p256_key_(std::move(p256_key)) {}

  std::array<std::uint8_t, 32> public_key_;
  crypto::Ed25519PrivateKey key_;
  crypto::LockedP256Key p256_key_;
};

}  // namespace mayfly::certificate
