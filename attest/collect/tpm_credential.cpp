#include "attest/collect/tpm_credential.hpp"

#include <array>
#include <string_view>

#include "crypto/aes_cfb.hpp"
#include "crypto/random.hpp"
#include "crypto/sha2.hpp"
#include "crypto/wipe.hpp"

namespace mayfly::attest {
namespace {

constexpr std::size_t name_bytes = 34;  // an algorithm and a SHA-256 digest
constexpr std::size_t seed_bytes = 32;

void append(ByteView bytes, Bytes& out) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_u16(std::size_t value, Bytes& out) {
  out.push_back(static_cast<std::uint8_t>(value >> 8U));
  out.push_back(static_cast<std::uint8_t>(value));
}

Bytes sized(ByteView bytes) {
  Bytes out;
  append_u16(bytes.size(), out);
  append(bytes, out);
  return out;
}

// KDFa with SHA-256, for at most 256 bits: one round of HMAC(key, 1 || label || 0 || context ||
// bits).
Bytes derive(ByteView key, std::string_view label, ByteView context, std::size_t bits) {
  Bytes message{0, 0, 0, 1};
  append(bytes_of(label), message);
  message.push_back(0);
  append(context, message);
  append_u16(0, message);
  append_u16(bits, message);
  const crypto::Sha256 digest = crypto::hmac_sha256(key, message);
  return {digest.bytes.begin(), digest.bytes.begin() + static_cast<std::ptrdiff_t>(bits / 8)};
}

}  // namespace

Result<TpmCredential> make_tpm_credential(const crypto::PublicKey& endorsement_key,
                                          ByteView attestation_key_name, ByteView secret) {
  if (attestation_key_name.size() != name_bytes || attestation_key_name[0] != 0x00 ||
      attestation_key_name[1] != 0x0b) {
    return fail(ErrorCode::malformed, "a Name here is 0x000b and a SHA-256 digest");
  }
  if (secret.empty() || secret.size() > tpm_credential_secret_bytes_max) {
    return fail(ErrorCode::malformed, "a credential's secret has 1 to 32 bytes");
  }
  std::array<std::uint8_t, seed_bytes> seed;
  crypto::fill_random(seed);
  constexpr std::string_view label("IDENTITY\0", 9);  // the NUL is part of it
  TRY(const Bytes encrypted_seed,
      endorsement_key.encrypt_oaep(crypto::HashAlgorithm::sha256, bytes_of(label), seed));
  Bytes storage_key = derive(seed, "STORAGE", attestation_key_name, 128);
  Bytes integrity_key = derive(seed, "INTEGRITY", {}, 256);
  crypto::wipe(seed);
  TRY(const Bytes identity, crypto::aes128_cfb_encrypt(storage_key, sized(secret)));
  Bytes covered = identity;
  append(attestation_key_name, covered);
  const crypto::Sha256 integrity = crypto::hmac_sha256(integrity_key, covered);
  crypto::wipe(storage_key);
  crypto::wipe(integrity_key);
  Bytes content = sized(integrity.bytes);
  append(identity, content);
  return TpmCredential{.id_object = sized(content), .encrypted_secret = sized(encrypted_seed)};
}

}  // namespace mayfly::attest
