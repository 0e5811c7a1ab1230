#include "certificate/other_proof.hpp"

#include <string>

#include "certificate/encode.hpp"

namespace mayfly::certificate {

Result<Bytes> encode_with_proof(const DecodedCertificate& certificate, const Proof& proof) {
  EncodedStatement statement;
  statement.bytes = to_bytes(certificate.statement_slice);
  statement.claim_hash = certificate.stated_claim_hash;
  statement.certificate_id = certificate.stated_certificate_id;
  return encode_certificate(statement, proof);
}

Result<Bytes> with_proof(const DecodedCertificate& certificate, const Proof& proof) {
  TRY(Bytes bytes, encode_with_proof(certificate, proof));
  if (const auto read = decode_certificate(bytes); !read) {
    return fail(ErrorCode::limit, read.error().message());
  }
  return bytes;
}

}  // namespace mayfly::certificate
