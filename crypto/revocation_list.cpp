#include "crypto/revocation_list.hpp"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <string>

#include "crypto/asn1_time.hpp"
#include "crypto/der_reader.hpp"

namespace mayfly::crypto {
namespace {

std::unexpected<Error> bad_list(const char* what) {
  ERR_clear_error();
  return fail(ErrorCode::malformed, std::string("not a revocation list: ") + what);
}

Result<void> check_extensions(X509_CRL* crl) {
  for (int i = 0; i < X509_CRL_get_ext_count(crl); ++i) {
    if (X509_EXTENSION_get_critical(X509_CRL_get_ext(crl, i)) != 0) {
      return fail(ErrorCode::rejected,
                  "a revocation list with a critical extension: it is not the whole list");
    }
  }
  return {};
}

// RFC 5280, 5.1.1.2: the algorithm stands twice, signed and unsigned, and must be the same.
Result<void> check_algorithms(ByteView der) {
  DerReader outer(der);
  TRY(DerReader parts, outer.enter(der_tag::sequence));
  CHECK_OK(outer.expect_end());
  TRY(DerReader fields, parts.enter(der_tag::sequence));
  if (fields.next_is(der_tag::integer)) {
    CHECK_OK(fields.take_unsigned_integer());
  }
  TRY(const DerElement is_signed, fields.take(der_tag::sequence));
  TRY(const DerElement is_not, parts.take(der_tag::sequence));
  CHECK_OK(parts.take_bit_string_bytes());
  CHECK_OK(parts.expect_end());
  if (!std::ranges::equal(is_signed.whole, is_not.whole)) {
    return bad_list("it names two signature algorithms");
  }
  return {};
}

Result<void> check_hash(X509_CRL* crl) {
  int hash = NID_undef;
  const int algorithm = X509_CRL_get_signature_nid(crl);
  // For RSA-PSS the hash is a parameter, and X509_CRL_verify() refuses weak ones by itself only at
  // a raised security level: what lists are signed with is settled here.
  if (algorithm != NID_rsassaPss &&
      (OBJ_find_sigid_algs(algorithm, &hash, nullptr) != 1 ||
       (hash != NID_sha256 && hash != NID_sha384 && hash != NID_sha512))) {
    ERR_clear_error();
    return fail(ErrorCode::rejected, "a revocation list that is not signed over SHA-2");
  }
  return {};
}

}  // namespace

void RevocationList::Free::operator()(X509_crl_st* list) const noexcept {
  X509_CRL_free(list);
}

Result<RevocationList> RevocationList::parse(ByteView der) {
  if (der.size() > revocation_list_bytes_max) {
    return fail(ErrorCode::limit, "a revocation list is at most 4 MiB, this one has " +
                                      std::to_string(der.size()) + " bytes");
  }
  RevocationList out;
  const unsigned char* at = der.data();
  out.crl_.reset(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
  if (!out.crl_ || at != der.data() + der.size()) {
    return bad_list("it is not one DER element of that form");
  }
  X509_CRL* crl = out.crl_.get();
  CHECK_OK(check_algorithms(der));
  CHECK_OK(check_extensions(crl));
  CHECK_OK(check_hash(crl));
  TRY(out.this_update_, unix_millis_of(X509_CRL_get0_lastUpdate(crl)));
  if (X509_CRL_get0_nextUpdate(crl) == nullptr) {
    return bad_list("it does not say when the next one is due");
  }
  TRY(out.next_update_, unix_millis_of(X509_CRL_get0_nextUpdate(crl)));
  const unsigned char* name = nullptr;
  std::size_t size = 0;
  if (X509_NAME_get0_der(X509_CRL_get_issuer(crl), &name, &size) != 1) {
    return bad_list("it names no issuer");
  }
  out.issuer_.assign(name, name + size);
  return out;
}

Result<void> RevocationList::check_issued_by(const PkiCertificate& authority) const {
  if (issuer_ != authority.subject()) {
    return fail(ErrorCode::rejected, "the revocation list is of another issuer");
  }
  if (!authority.is_authority() || !authority.may_sign_lists()) {
    return fail(ErrorCode::rejected, "the issuer may not sign revocation lists");
  }
  if (X509_CRL_verify(crl_.get(), authority.public_key().borrow()) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::rejected, "the revocation list is not signed by its issuer's key");
  }
  return {};
}

Result<void> RevocationList::check_current(UnixMillis at) const {
  if (at < this_update_ || next_update_ < at) {
    return fail(ErrorCode::rejected, "the revocation list is current from " +
                                         to_rfc3339(this_update_) + " to " +
                                         to_rfc3339(next_update_) + ", not at " + to_rfc3339(at));
  }
  return {};
}

Result<void> RevocationList::check_not_revoked(const PkiCertificate& certificate) const {
  if (certificate.issuer() != issuer_) {
    return fail(ErrorCode::rejected, "the revocation list is of another issuer");
  }
  X509_REVOKED* revoked = nullptr;
  // 1: on it; 2: on it with the reason removeFromCRL, which a whole list has no use for.
  if (X509_CRL_get0_by_cert(crl_.get(), &revoked, certificate.borrow()) != 0) {
    ERR_clear_error();
    return fail(ErrorCode::rejected, "the certificate was revoked by its issuer");
  }
  return {};
}

}  // namespace mayfly::crypto
