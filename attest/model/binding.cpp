#include "attest/model/binding.hpp"

#include <algorithm>
#include <string>

#include "base/text_encoding.hpp"

namespace mayfly::attest {

Result<ReportData> bind_certificate(ByteView statement_slice, ByteView signer_key,
                                    const crypto::Sha256& intent_leaf, ByteView nonce) {
  if (nonce.size() > nonce_bytes_max) {
    return fail(ErrorCode::limit, "the nonce has " + std::to_string(nonce.size()) +
                                      " bytes, at most " + std::to_string(nonce_bytes_max) +
                                      " can be bound: send a hash of it");
  }
  if (signer_key.size() != signer_key_bytes) {
    return fail(ErrorCode::malformed, "an Ed25519 signer key has 32 bytes, this one has " +
                                          std::to_string(signer_key.size()));
  }
  const crypto::Sha256 statement = crypto::sha256(statement_slice);

  const auto nonce_length = static_cast<std::uint8_t>(nonce.size());
  crypto::Sha256Hasher circumstances_hasher;
  circumstances_hasher.update(bytes_of("mayfly/rd/cert/v1\n"));
  circumstances_hasher.update(signer_key);
  circumstances_hasher.update(intent_leaf.view());
  circumstances_hasher.update(std::span(&nonce_length, 1));
  circumstances_hasher.update(nonce);
  const crypto::Sha256 circumstances = std::move(circumstances_hasher).finish();

  ReportData report_data;
  const auto second_half = std::ranges::copy(statement.bytes, report_data.begin()).out;
  std::ranges::copy(circumstances.bytes, second_half);
  return report_data;
}

std::string token_nonce(const ReportData& report_data) {
  return hex_encode(crypto::sha256(report_data).bytes);
}

}  // namespace mayfly::attest
