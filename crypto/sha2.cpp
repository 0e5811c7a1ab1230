#include "crypto/sha2.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cstdlib>

#include "base/text_encoding.hpp"

namespace mayfly::crypto {
namespace {

void require(int openssl_result) {
  if (openssl_result != 1) std::abort();
}

}  // namespace

Sha256 sha256(ByteView bytes) {
  Sha256 digest;
  unsigned int size = 0;
  require(EVP_Digest(bytes.data(), bytes.size(), digest.bytes.data(), &size, EVP_sha256(),
                     /*impl=*/nullptr));
  return digest;
}

Sha384 sha384(ByteView bytes) {
  Sha384 digest;
  unsigned int size = 0;
  require(EVP_Digest(bytes.data(), bytes.size(), digest.bytes.data(), &size, EVP_sha384(),
                     /*impl=*/nullptr));
  return digest;
}

Sha256 hmac_sha256(ByteView key, ByteView message) {
  Sha256 digest;
  unsigned int size = 0;
  // libcrypto takes a null key for "the one given before", not for the empty key.
  static constexpr std::uint8_t no_bytes = 0;
  if (HMAC(EVP_sha256(), key.empty() ? &no_bytes : key.data(), static_cast<int>(key.size()),
           message.data(), message.size(), digest.bytes.data(), &size) == nullptr) {
    std::abort();
  }
  return digest;
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

void Sha256Hasher::Free::operator()(evp_md_ctx_st* context) const noexcept {
  EVP_MD_CTX_free(context);
}

Sha256Hasher::Sha256Hasher() : context_(EVP_MD_CTX_new()) {
  if (!context_) std::abort();
  require(EVP_DigestInit_ex(context_.get(), EVP_sha256(), /*impl=*/nullptr));
}

Sha256Hasher::Sha256Hasher(const Sha256Hasher& other) : context_(EVP_MD_CTX_new()) {
  if (!context_) std::abort();
  require(EVP_MD_CTX_copy_ex(context_.get(), other.context_.get()));
}

void Sha256Hasher::update(ByteView bytes) {
  require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
}

Sha256 Sha256Hasher::finish() && {
  Sha256 digest;
  unsigned int size = 0;
  require(EVP_DigestFinal_ex(context_.get(), digest.bytes.data(), &size));
  return digest;
}

}  // namespace mayfly::crypto
