#include "certificate/timestamps.hpp"

#include <algorithm>
#include <string>

#include "certificate/encode.hpp"
#include "certificate/field_rules.hpp"

namespace mayfly::certificate {

Result<ByteView> stamped_bytes(const Proof& proof, std::size_t index) {
  if (index > 0) return ByteView(proof.timestamps[index - 1]);
  if (proof.signatures.empty()) {
    return fail(ErrorCode::unavailable, "the certificate has no signature to put a time on");
  }
  const auto second = std::ranges::find(proof.signatures, p256_algorithm, &Signature::algorithm);
  const bool has_second = second != proof.signatures.end();
  return ByteView(has_second ? second->signature : proof.signatures.front().signature);
}

Result<Bytes> with_timestamp(const DecodedCertificate& certificate, ByteView token) {
  if (certificate.proof.timestamps.size() >= timestamps_max) {
    return fail(ErrorCode::limit, "the certificate has " + std::to_string(timestamps_max) +
                                      " time stamps already, and can hold no more");
  }
  Proof proof = certificate.proof;
  proof.timestamps.emplace_back(token.begin(), token.end());
  EncodedStatement statement;
  statement.bytes.assign(certificate.statement_slice.begin(), certificate.statement_slice.end());
  statement.claim_hash = certificate.stated_claim_hash;
  statement.certificate_id = certificate.stated_certificate_id;
  return encode_certificate(statement, proof);
}

}  // namespace mayfly::certificate
