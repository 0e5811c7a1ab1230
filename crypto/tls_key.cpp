#include "crypto/tls_key.hpp"

#include "crypto/der_reader.hpp"
#include "crypto/pem.hpp"

namespace mayfly::crypto {

Result<Sha256> tls_key_of_certificate(ByteView der) {
  DerReader whole(der);
  TRY(DerReader certificate, whole.enter(der_tag::sequence));
  CHECK_OK(whole.expect_end());
  TRY(DerReader tbs, certificate.enter(der_tag::sequence));
  if (tbs.next_is(der_tag::context(0))) {
    TRY([[maybe_unused]] const DerElement version, tbs.take(der_tag::context(0)));
  }
  TRY([[maybe_unused]] const DerElement serial, tbs.take(der_tag::integer));
  // Signature algorithm, issuer, validity, subject.
  for (int i = 0; i < 4; ++i) {
    TRY([[maybe_unused]] const DerElement passed, tbs.take(der_tag::sequence));
  }
  TRY(const DerElement key, tbs.take(der_tag::sequence));
  return sha256(key.whole);
}

Result<Sha256> tls_key_of_pem(ByteView pem) {
  TRY(const std::vector<Bytes> chain, split_pem_chain(pem, 1));
  if (chain.size() != 1) return fail(ErrorCode::malformed, "no certificate in PEM");
  return tls_key_of_certificate(chain.front());
}

}  // namespace mayfly::crypto
