// A named key that signs notes: a log's or a witness's. Its own build target, because a program
// that only verifies must not hold code that signs.
//
// Shapes    to_text form "PRIVATE+KEY+<name>+<id>+<base64(type || seed)>", as Go's sumdb/note
//           writes it, so that stock tools read it.
// Errors    malformed: not that form.  unavailable: no lockable memory.
// Threads   Signing is safe from any thread.
#pragma once
#include <string>
#include <string_view>

#include "crypto/ed25519.hpp"
#include "transparency/note.hpp"

namespace mayfly::transparency {

class NoteSigner {
 public:
  static Result<NoteSigner> parse(std::string_view private_text);

  const VerifierKey& key() const { return key_; }
  // Precondition: a key of type ed25519 takes no time, one of type cosignature_v1 needs it.
  Result<NoteSignature> sign(std::string_view text) const;
  Result<NoteSignature> cosign(std::string_view text, std::uint64_t unix_seconds) const;

 private:
  NoteSigner(VerifierKey key, crypto::Ed25519PrivateKey private_key)
      : key_(std::move(key)), private_key_(std::move(private_key)) {}

  VerifierKey key_;
  crypto::Ed25519PrivateKey private_key_;
};

// A fresh key's private text. The caller stores it where only its owner reads, and wipes it.
Result<std::string> generate_private_text(std::string_view name, KeyType type);

}  // namespace mayfly::transparency
