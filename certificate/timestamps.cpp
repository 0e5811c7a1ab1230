#include "certificate/timestamps.hpp"

#include <string>

#include "certificate/field_rules.hpp"
#include "certificate/other_proof.hpp"

namespace mayfly::certificate {

Result<Bytes> stamped_bytes(const DecodedCertificate& certificate, std::size_t index) {
  Proof proof = certificate.proof;
  proof.timestamps.resize(index);
  proof.disclosure.reset();
  return encode_with_proof(certificate, proof);
}

Result<Bytes> with_timestamp(const DecodedCertificate& certificate, ByteView token) {
  if (certificate.proof.timestamps.size() >= timestamps_max) {
    return fail(ErrorCode::limit, "the certificate has " + std::to_string(timestamps_max) +
                                      " time stamps already, and can hold no more");
  }
  Proof proof = certificate.proof;
  proof.timestamps.push_back(to_bytes(token));
  return with_proof(certificate, proof);
}

}  // namespace mayfly::certificate
