// Hybrid public key encryption, as far as deriving secrets: a sender who knows a public key, and
// the holder of its private half, export the same keys; nobody else can.
//
// Source    RFC 9180, mode base, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, export-only: the
//           cipher is the caller's. Nothing authenticates the sender.
// Shapes    `enc`, 32 bytes, goes to the recipient. Exported secrets have 32 bytes.
// Errors    Those of crypto/x25519.hpp.
// Threads   Pure functions.
#pragma once
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/locked_secret.hpp"
#include "crypto/x25519.hpp"

namespace mayfly::crypto {

inline constexpr std::size_t hpke_exported_bytes = 32;

// What both sides hold. Each context gives another secret, and none tells anything of the others.
class HpkeExporter {
 public:
  Result<LockedSecret> export_secret(ByteView context) const;

 private:
  friend Result<HpkeExporter> hpke_key_schedule(ByteView shared, ByteView info);
  explicit HpkeExporter(LockedSecret secret) : secret_(std::move(secret)) {}
  LockedSecret secret_;
};

struct HpkeSender {
  X25519PublicKey enc;
  HpkeExporter exporter;
};

// With a key of this one message. `info` is what both sides must agree about.
Result<HpkeSender> hpke_send(ByteView recipient, ByteView info);
// For known answers: with this ephemeral key.
Result<HpkeSender> hpke_send_with(const X25519PrivateKey& ephemeral, ByteView recipient,
                                  ByteView info);
Result<HpkeExporter> hpke_receive(const X25519PrivateKey& recipient, ByteView enc, ByteView info);

}  // namespace mayfly::crypto
