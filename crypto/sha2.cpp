#include "crypto/sha2.hpp"

// The functions for each hash, and not EVP: looking a hash up by name loads every algorithm of a
// provider first, which was a third of what starting mayfly-runner took. The code behind both is
// the same. OpenSSL marks these as deprecated; Debian's has them.
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/text_encoding.hpp"

namespace mayfly::crypto {
namespace {

void require(int openssl_result) {
  if (openssl_result != 1) std::abort();
}

// RFC 2104: the key, made as long as a block, each byte XORed with `pad`.
using Block = std::array<std::uint8_t, SHA256_CBLOCK>;
Block padded(const Block& key, std::uint8_t pad) {
  Block out = key;
  for (std::uint8_t& byte : out) byte ^= pad;
  return out;
}

}  // namespace

// On the stack: a tree over 100,000 entries hashes 200,000 short texts.
Sha256 sha256(ByteView bytes) {
  SHA256_CTX state;
  Sha256 digest;
  require(SHA256_Init(&state));
  require(SHA256_Update(&state, bytes.data(), bytes.size()));
  require(SHA256_Final(digest.bytes.data(), &state));
  OPENSSL_cleanse(&state, sizeof state);
  return digest;
}

Sha384 sha384(ByteView bytes) {
  SHA512_CTX state;
  Sha384 digest;
  require(SHA384_Init(&state));
  require(SHA384_Update(&state, bytes.data(), bytes.size()));
  require(SHA384_Final(digest.bytes.data(), &state));
  OPENSSL_cleanse(&state, sizeof state);
  return digest;
}

Sha256 hmac_sha256(ByteView key, ByteView message) {
  Block block{};
  if (key.size() > block.size()) {
    std::ranges::copy(sha256(key).bytes, block.begin());
  } else {
    std::ranges::copy(key, block.begin());
  }
  Block inner = padded(block, 0x36);
  Block outer = padded(block, 0x5c);
  Sha256Hasher inside;
  inside.update(inner);
  inside.update(message);
  Sha256Hasher outside;
  outside.update(outer);
  outside.update(std::move(inside).finish().bytes);
  for (Block* secret : {&block, &inner, &outer}) OPENSSL_cleanse(secret->data(), secret->size());
  return std::move(outside).finish();
}

std::string to_text(const Sha256& digest) {
  return "sha256:" + hex_encode(digest.bytes);
}

Result<Sha256> sha256_from_text(std::string_view text) {
  constexpr std::string_view prefix = "sha256:";
  if (!text.starts_with(prefix) || text.size() != prefix.size() + 64) {
    return fail(ErrorCode::malformed, "not of the form sha256:<64 lower-case hex digits>");
  }
  TRY(const Bytes bytes, hex_decode(text.substr(prefix.size())));
  Sha256 digest;
  std::ranges::copy(bytes, digest.bytes.begin());
  return digest;
}

void Sha256Hasher::Free::operator()(SHA256state_st* state) const noexcept {
  OPENSSL_cleanse(state, sizeof *state);
  delete state;
}

Sha256Hasher::Sha256Hasher() : state_(new SHA256state_st) {
  require(SHA256_Init(state_.get()));
}

Sha256Hasher::Sha256Hasher(const Sha256Hasher& other) : state_(new SHA256state_st(*other.state_)) {}

void Sha256Hasher::update(ByteView bytes) {
  require(SHA256_Update(state_.get(), bytes.data(), bytes.size()));
}

Sha256 Sha256Hasher::finish() && {
  Sha256 digest;
  require(SHA256_Final(digest.bytes.data(), state_.get()));
  return digest;
}

}  // namespace mayfly::crypto
