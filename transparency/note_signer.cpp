#include "transparency/note_signer.hpp"

#include <algorithm>

#include "base/text_encoding.hpp"
#include "crypto/random.hpp"
#include "crypto/wipe.hpp"
#include "transparency/text_line.hpp"

namespace mayfly::transparency {
namespace {

constexpr std::string_view prefix = "PRIVATE+KEY+";

Result<VerifierKey> verifier_key(std::string_view name, KeyType type,
                                 const crypto::Ed25519PrivateKey& key) {
  CHECK_OK(check_key_name(name));
  return VerifierKey{.name = std::string(name), .type = type, .public_key = key.public_key()};
}

// The key id as it stands in a vkey.
std::string id_of(const VerifierKey& key) {
  const std::string text = to_text(key);
  return text.substr(key.name.size() + 1, 8);
}

}  // namespace

Result<std::string> generate_private_text(std::string_view name, KeyType type) {
  std::array<std::uint8_t, 33> material{static_cast<std::uint8_t>(type)};
  const std::span<std::uint8_t> seed = std::span(material).subspan(1);
  crypto::fill_random(seed);
  TRY(const crypto::Ed25519PrivateKey key, crypto::Ed25519PrivateKey::from_seed(seed));
  TRY(const VerifierKey public_part, verifier_key(name, type, key));
  std::string text = std::string(prefix) + public_part.name + "+" + id_of(public_part) + "+" +
                     base64_encode(material);
  crypto::wipe(material);
  return text;
}

Result<NoteSigner> NoteSigner::parse(std::string_view private_text) {
  const auto malformed =
      fail(ErrorCode::malformed, "a note's private key is PRIVATE+KEY+<name>+<id>+<key>");
  if (!private_text.starts_with(prefix)) return malformed;
  private_text.remove_prefix(prefix.size());
  const std::size_t first = private_text.find('+');
  const std::size_t second =
      first == std::string_view::npos ? first : private_text.find('+', first + 1);
  if (second == std::string_view::npos) return malformed;
  TRY(Bytes material, base64_decode(private_text.substr(second + 1)));
  const bool is_known = material.size() == 33 && (material[0] == 0x01 || material[0] == 0x04);
  if (!is_known) {
    crypto::wipe(material);
    return malformed;
  }
  const auto type = static_cast<KeyType>(material[0]);
  auto key = crypto::Ed25519PrivateKey::from_seed(std::span(material).subspan(1));
  crypto::wipe(material);
  if (!key) return std::unexpected(std::move(key).error());
  TRY(VerifierKey public_part, verifier_key(private_text.substr(0, first), type, *key));
  if (private_text.substr(first + 1, second - first - 1) != id_of(public_part)) {
    return fail(ErrorCode::malformed, "the private key's id is not that of its name and key");
  }
  return NoteSigner(std::move(public_part), std::move(*key));
}

Result<NoteSignature> NoteSigner::sign(std::string_view text) const {
  TRY(const auto signature, private_key_.sign(bytes_of(text)));
  return NoteSignature{.key_name = key_.name,
                       .key_id = key_.id(),
                       .signature = Bytes(signature.begin(), signature.end())};
}

Result<NoteSignature> NoteSigner::cosign(std::string_view text, std::uint64_t unix_seconds) const {
  TRY(const auto signature, private_key_.sign(bytes_of(cosigned_message(text, unix_seconds))));
  Bytes timed;
  for (int shift = 56; shift >= 0; shift -= 8) {
    timed.push_back(static_cast<std::uint8_t>(unix_seconds >> shift));
  }
  timed.insert(timed.end(), signature.begin(), signature.end());
  return NoteSignature{.key_name = key_.name, .key_id = key_.id(), .signature = std::move(timed)};
}

}  // namespace mayfly::transparency
