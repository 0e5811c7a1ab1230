#include "transparency/note.hpp"

#include <algorithm>

#include "base/byte_reader.hpp"
#include "base/text_encoding.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/sha2.hpp"
#include "transparency/text_line.hpp"

namespace mayfly::transparency {
namespace {

constexpr std::string_view signature_mark = "\u2014 ";  // em dash, space
constexpr std::size_t key_id_bytes = 4;
constexpr std::size_t cosignature_bytes = 8 + 64;

// The length of the UTF-8 sequence at the start of `text` and its code point; length 0: not UTF-8.
struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 0;
};
CodePoint first_code_point(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
  std::uint32_t value = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return {};
    value = value << 6 | (next & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < smallest[length] || value > 0x10FFFF || is_surrogate) return {};
  return {value, length};
}

// Unicode White_Space, without the ASCII controls that are refused anyway.
bool is_space(std::uint32_t c) {
  return c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

Result<void> check_characters(std::string_view text) {
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    if (c.length == 0) return fail(ErrorCode::malformed, "a note is UTF-8, this is not");
    if (c.value < 0x20 && c.value != '\n') {
      return fail(ErrorCode::malformed, "a note has no control characters but newlines");
    }
    text.remove_prefix(c.length);
  }
  return {};
}

Result<NoteSignature> parse_signature_line(std::string_view line) {
  if (!line.starts_with(signature_mark)) {
    return fail(ErrorCode::malformed, "a signature line begins with an em dash and a space");
  }
  line.remove_prefix(signature_mark.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) {
    return fail(ErrorCode::malformed, "a signature line has a name, a space and a signature");
  }
  NoteSignature out;
  out.key_name = line.substr(0, space);
  CHECK_OK(check_key_name(out.key_name));
  TRY(const Bytes bytes, base64_decode(line.substr(space + 1)));
  if (bytes.size() <= key_id_bytes) {
    return fail(ErrorCode::malformed, "a signature has a key id of 4 bytes and then at least one");
  }
  ByteReader reader(bytes);
  TRY(out.key_id, reader.take_u32_be());
  out.signature.assign(bytes.begin() + key_id_bytes, bytes.end());
  return out;
}

Result<VerifiedSignature> verify_one(const VerifierKey& key, std::string_view text,
                                     const NoteSignature& signature) {
  if (key.type == KeyType::ed25519) {
    CHECK_OK(crypto::verify_ed25519(key.public_key, bytes_of(text), signature.signature));
    return VerifiedSignature{.key = key, .unix_seconds = std::nullopt};
  }
  if (signature.signature.size() != cosignature_bytes) {
    return fail(ErrorCode::malformed, "a cosignature has 8 bytes of time and 64 of signature");
  }
  ByteReader reader(signature.signature);
  TRY(const std::uint64_t seconds, reader.take_u64_be());
  if (seconds > decimal_max) {
    return fail(ErrorCode::malformed, "a cosignature's time is below 2^63 seconds");
  }
  TRY(const ByteView signed_part, reader.take(64));
  const std::string message = cosigned_message(text, seconds);
  CHECK_OK(crypto::verify_ed25519(key.public_key, bytes_of(message), signed_part));
  return VerifiedSignature{.key = key, .unix_seconds = seconds};
}

}  // namespace

Result<void> check_key_name(std::string_view name) {
  if (name.size() > key_name_bytes_max) {
    return fail(ErrorCode::limit, "a key name has at most " + std::to_string(key_name_bytes_max) +
                                      " bytes (key_name_bytes_max)");
  }
  const auto malformed =
      fail(ErrorCode::malformed, "a key name is text without spaces, control characters and \"+\"");
  if (name.empty()) return malformed;
  while (!name.empty()) {
    const CodePoint c = first_code_point(name);
    if (c.length == 0 || c.value < 0x20 || c.value == 0x7F || c.value == '+' || is_space(c.value)) {
      return malformed;
    }
    name.remove_prefix(c.length);
  }
  return {};
}

std::uint32_t VerifierKey::id() const {
  Bytes hashed(name.begin(), name.end());
  hashed.push_back('\n');
  hashed.push_back(static_cast<std::uint8_t>(type));
  hashed.insert(hashed.end(), public_key.begin(), public_key.end());
  const auto digest = crypto::sha256(hashed).bytes;
  return static_cast<std::uint32_t>(digest[0]) << 24 | static_cast<std::uint32_t>(digest[1]) << 16 |
         static_cast<std::uint32_t>(digest[2]) << 8 | digest[3];
}

namespace {

std::string id_text(std::uint32_t id) {
  const std::array<std::uint8_t, 4> bytes{
      static_cast<std::uint8_t>(id >> 24), static_cast<std::uint8_t>(id >> 16),
      static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id)};
  return hex_encode(bytes);
}

}  // namespace

std::string to_text(const VerifierKey& key) {
  Bytes material{static_cast<std::uint8_t>(key.type)};
  material.insert(material.end(), key.public_key.begin(), key.public_key.end());
  return key.name + "+" + id_text(key.id()) + "+" + base64_encode(material);
}

Result<VerifierKey> parse_verifier_key(std::string_view text) {
  const std::size_t first = text.find('+');
  const std::size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos) {
    return fail(ErrorCode::malformed, "a verifier key is <name>+<id>+<key>");
  }
  VerifierKey key;
  key.name = text.substr(0, first);
  CHECK_OK(check_key_name(key.name));
  TRY(const Bytes material, base64_decode(text.substr(second + 1)));
  if (material.size() != 1 + key.public_key.size()) {
    return fail(ErrorCode::malformed, "a verifier key has a type and 32 bytes of Ed25519 key");
  }
  if (material[0] != static_cast<std::uint8_t>(KeyType::ed25519) &&
      material[0] != static_cast<std::uint8_t>(KeyType::cosignature_v1)) {
    return fail(ErrorCode::malformed,
                "this verifier knows keys of type 1 (Ed25519) and 4 (Ed25519 cosignatures)");
  }
  key.type = static_cast<KeyType>(material[0]);
  std::copy(material.begin() + 1, material.end(), key.public_key.begin());
  if (text.substr(first + 1, second - first - 1) != id_text(key.id())) {
    return fail(ErrorCode::malformed, "the verifier key's id is not that of its name and key");
  }
  return key;
}

std::string signature_line(const NoteSignature& signature) {
  Bytes bytes{static_cast<std::uint8_t>(signature.key_id >> 24),
              static_cast<std::uint8_t>(signature.key_id >> 16),
              static_cast<std::uint8_t>(signature.key_id >> 8),
              static_cast<std::uint8_t>(signature.key_id)};
  bytes.insert(bytes.end(), signature.signature.begin(), signature.signature.end());
  return std::string(signature_mark) + signature.key_name + " " + base64_encode(bytes) + "\n";
}

Result<std::vector<NoteSignature>> parse_signature_lines(std::string_view lines) {
  LineReader reader(lines);
  std::vector<NoteSignature> signatures;
  do {
    if (signatures.size() == note_signatures_max) {
      return fail(ErrorCode::limit, "more than " + std::to_string(note_signatures_max) +
                                        " signatures (note_signatures_max)");
    }
    TRY(const std::string_view line, reader.take("a signature line"));
    TRY(NoteSignature signature, parse_signature_line(line));
    signatures.push_back(std::move(signature));
  } while (!reader.is_at_end());
  return signatures;
}

Result<Note> parse_note(ByteView bytes) {
  if (bytes.size() > note_bytes_max) {
    return fail(ErrorCode::limit,
                "a note has at most " + std::to_string(note_bytes_max) + " bytes (note_bytes_max)");
  }
  const std::string_view text = text_of(bytes);
  CHECK_OK(check_characters(text));
  // The last empty line separates, so a text may hold empty lines.
  const std::size_t blank = text.rfind("\n\n");
  if (blank == std::string_view::npos) {
    return fail(ErrorCode::malformed, "a note has an empty line between its text and signatures");
  }
  Note note;
  note.text = text.substr(0, blank + 1);
  TRY(note.signatures, parse_signature_lines(text.substr(blank + 2)));
  return note;
}

std::string to_text(const Note& note) {
  std::string text = note.text + "\n";
  for (const NoteSignature& signature : note.signatures) {
    text += signature_line(signature);
  }
  return text;
}

std::string cosigned_message(std::string_view text, std::uint64_t unix_seconds) {
  return "cosignature/v1\ntime " + std::to_string(unix_seconds) + "\n" + std::string(text);
}

Result<std::vector<VerifiedSignature>> verify_note(const Note& note,
                                                   std::span<const VerifierKey> known) {
  std::vector<VerifiedSignature> verified;
  for (const NoteSignature& signature : note.signatures) {
    const auto key = std::ranges::find_if(known, [&](const VerifierKey& candidate) {
      return candidate.name == signature.key_name && candidate.id() == signature.key_id;
    });
    if (key == known.end()) continue;
    auto one = verify_one(*key, note.text, signature);
    if (!one) {
      return fail(ErrorCode::rejected,
                  "a signature in the name of a known key is not by it: " + one.error().message());
    }
    const bool is_repeat = std::ranges::any_of(
        verified, [&](const VerifiedSignature& earlier) { return earlier.key == *key; });
    if (!is_repeat) verified.push_back(std::move(*one));
  }
  if (verified.empty()) {
    return fail(ErrorCode::rejected, "no known key signed this note");
  }
  return verified;
}

}  // namespace mayfly::transparency
