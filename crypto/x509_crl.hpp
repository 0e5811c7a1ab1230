// Reads a list of revoked certificates (CRL), version 2, complete and of one issuer.
//
// Source    RFC 5280, clause 5. Delta lists, indirect lists and lists for a part of an issuer's
//           certificates are refused: a certificate that is not on one of them may be revoked.
// Shapes    Times as Unix milliseconds; nextUpdate is required.
// Errors    malformed: not DER, not a CRL.  limit: over x509_crl_bytes_max or 32 extensions.
//           rejected: an unknown critical extension, or one of the partial kinds above.
// Threads   Pure functions. What they return borrows from `der`; nothing is allocated per entry.
#pragma once
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/x509.hpp"

namespace mayfly::crypto {

inline constexpr std::size_t x509_crl_bytes_max = std::size_t{4} * 1024 * 1024;

// Layout checked; the signature is NOT checked until verify_crl_issued_by().
struct X509Crl {
  ByteView signed_bytes;         // the whole tbsCertList element
  ByteView signature_algorithm;  // the whole AlgorithmIdentifier: the same inside and outside
  ByteView signature;            // content of the BIT STRING
  ByteView issuer;               // the whole Name
  UnixMillis this_update;
  UnixMillis next_update;    // inclusive
  ByteView revoked_entries;  // content of the SEQUENCE, each entry already read once
  std::vector<X509Extension> extensions;

  bool is_valid_at(UnixMillis at) const { return this_update <= at && at <= next_update; }
};

// Precondition: `der` outlives the returned value.
Result<X509Crl> parse_x509_crl(ByteView der);

// `serial` is a magnitude without leading zeros, as X509Certificate holds it.
bool is_revoked(const X509Crl& crl, ByteView serial);

// Names, key identifiers, the issuer's key usage (cRLSign), and an ecdsa-with-SHA256 signature.
Result<void> verify_crl_issued_by(const X509Crl& crl, const X509Certificate& issuer);

}  // namespace mayfly::crypto
