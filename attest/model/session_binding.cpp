#include "attest/model/session_binding.hpp"

#include <algorithm>

namespace mayfly::attest {
namespace {

void update_sized(ByteView bytes, crypto::Sha256Hasher& hasher) {
  const auto size = static_cast<std::uint8_t>(bytes.size());
  hasher.update(std::span(&size, 1));
  hasher.update(bytes);
}

}  // namespace

Result<ReportData> bind_session(ByteView manifest, ByteView signer_key, ByteView upload_key,
                                ByteView nonce) {
  if (nonce.size() > nonce_bytes_max) {
    return fail(ErrorCode::limit, "a nonce has at most 64 bytes: send a hash of it");
  }
  if (signer_key.size() != signer_key_bytes ||
      (!upload_key.empty() && upload_key.size() != upload_key_bytes)) {
    return fail(ErrorCode::malformed, "a signing key and an upload key have 32 bytes each");
  }
  const crypto::Sha256 first = crypto::sha256(manifest);
  crypto::Sha256Hasher hasher;
  hasher.update(bytes_of("mayfly/rd/session/v1\n"));
  hasher.update(signer_key);
  update_sized(upload_key, hasher);
  update_sized(nonce, hasher);
  const crypto::Sha256 second = std::move(hasher).finish();
  ReportData out;
  std::ranges::copy(second.bytes, std::ranges::copy(first.bytes, out.begin()).out);
  return out;
}

}  // namespace mayfly::attest
