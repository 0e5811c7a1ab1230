// Signed notes: a text, and who signed it. What checkpoints are made of.
//
// Source    C2SP signed-note (vkey, signature lines), C2SP tlog-cosignature (type 0x04, Ed25519).
// Shapes    A note is the text, an empty line, and lines "— <name> <base64(key id || signature)>".
//           UTF-8, no control characters but newline.  At most note_bytes_max and
//           note_signatures_max. A cosignature is 8 bytes of Unix seconds, big-endian, and 64 bytes
//           of signature over "cosignature/v1\ntime <seconds>\n" and the text.
// Errors    malformed: not this form.  limit: over a bound.  rejected: a signature that names a
//           known key and is not by it, or none by a known key at all.
// Threads   Pure functions.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::transparency {

inline constexpr std::size_t note_bytes_max = std::size_t{64} * 1024;
inline constexpr std::size_t note_signatures_max = 100;
inline constexpr std::size_t key_name_bytes_max = 255;

enum class KeyType : std::uint8_t { ed25519 = 0x01, cosignature_v1 = 0x04 };

// A public key under a name: a "vkey".
struct VerifierKey {
  std::string name;
  KeyType type = KeyType::ed25519;
  std::array<std::uint8_t, 32> public_key{};
  std::uint32_t id() const;  // SHA-256(name || "\n" || type || key), first four bytes
  bool operator==(const VerifierKey&) const = default;
};
// Not empty, no Unicode space, no '+', no control character, UTF-8.
Result<void> check_key_name(std::string_view name);
// "<name>+<id, 8 hex digits>+<base64(type || key)>", and its strict inverse.
std::string to_text(const VerifierKey& key);
Result<VerifierKey> parse_verifier_key(std::string_view text);

struct NoteSignature {
  std::string key_name;
  std::uint32_t key_id = 0;
  Bytes signature;  // after the key id
  bool operator==(const NoteSignature&) const = default;
};

// Form checked, no signature verified.
struct Note {
  std::string text;  // with its final newline
  std::vector<NoteSignature> signatures;
};
Result<Note> parse_note(ByteView bytes);
std::string to_text(const Note& note);
// With the final newline.
std::string signature_line(const NoteSignature& signature);
// Signature lines alone, as a witness answers.
Result<std::vector<NoteSignature>> parse_signature_lines(std::string_view lines);

// One signature that is by a known key.
struct VerifiedSignature {
  VerifierKey key;
  std::optional<std::uint64_t> unix_seconds;  // of a cosignature
};
// Signatures of unknown keys are ignored; one that names a known key must be by it. Each key is
// listed once. rejected: none is by a known key.
Result<std::vector<VerifiedSignature>> verify_note(const Note& note,
                                                   std::span<const VerifierKey> known);

// What an Ed25519 cosignature signs.
std::string cosigned_message(std::string_view text, std::uint64_t unix_seconds);

}  // namespace mayfly::transparency
