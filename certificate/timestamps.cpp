#include "certificate/timestamps.hpp"

#include <string>

#include "certificate/encode.hpp"
#include "certificate/field_rules.hpp"

namespace mayfly::certificate {
namespace {

Result<Bytes> encode_with(const DecodedCertificate& certificate, const Proof& proof) {
  EncodedStatement statement;
  statement.bytes.assign(certificate.statement_slice.begin(), certificate.statement_slice.end());
  statement.claim_hash = certificate.stated_claim_hash;
  statement.certificate_id = certificate.stated_certificate_id;
  return encode_certificate(statement, proof);
}

}  // namespace

Result<Bytes> stamped_bytes(const DecodedCertificate& certificate, std::size_t index) {
  Proof proof = certificate.proof;
  proof.timestamps.resize(index);
  proof.disclosure.reset();
  return encode_with(certificate, proof);
}

Result<Bytes> with_timestamp(const DecodedCertificate& certificate, ByteView token) {
  if (certificate.proof.timestamps.size() >= timestamps_max) {
    return fail(ErrorCode::limit, "the certificate has " + std::to_string(timestamps_max) +
                                      " time stamps already, and can hold no more");
  }
  Proof proof = certificate.proof;
  proof.timestamps.emplace_back(token.begin(), token.end());
  return encode_with(certificate, proof);
}

}  // namespace mayfly::certificate
