// Reads one certificate revocation list (CRL), whole: no delta, no indirect list.
//
// Source    RFC 5280, clauses 5 and 6.3, through libcrypto's reader.
// Errors    malformed: not one DER list.  limit: over revocation_list_bytes_max.  rejected: signed
//           over SHA-1, or with a critical extension that is not understood here (delta and
//           indirect lists are marked so).
// Threads   Immutable once read.
#pragma once
#include <memory>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/pki_certificate.hpp"

struct X509_crl_st;

namespace mayfly::crypto {

inline constexpr std::size_t revocation_list_bytes_max = std::size_t{4} * 1024 * 1024;

class RevocationList {
 public:
  static Result<RevocationList> parse(ByteView der);

  UnixMillis this_update() const { return this_update_; }
  UnixMillis next_update() const { return next_update_; }  // inclusive
  const Bytes& issuer() const { return issuer_; }          // DER of the Name

  // Issued by `authority`, in its name and with its key.
  Result<void> check_issued_by(const PkiCertificate& authority) const;
  Result<void> check_current(UnixMillis at) const;
  // The certificate is of the list's issuer, and not on the list.
  Result<void> check_not_revoked(const PkiCertificate& certificate) const;

 private:
  struct Free {
    void operator()(X509_crl_st* list) const noexcept;
  };
  RevocationList() = default;

  std::unique_ptr<X509_crl_st, Free> crl_;
  Bytes issuer_;
  UnixMillis this_update_;
  UnixMillis next_update_;
};

}  // namespace mayfly::crypto
