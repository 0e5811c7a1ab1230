// Names a TLS peer by its public key: SHA-256 of the certificate's SubjectPublicKeyInfo. The
// certificate is only walked through: whether it is to be trusted was decided by who did the
// handshake.
//
// Source    RFC 5280 section 4.1; the digest is that of RFC 7469 section 2.4.
// Errors    malformed: no certificate in PEM.
// Threads   Pure functions.
#pragma once
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::crypto {

Result<Sha256> tls_key_of_certificate(ByteView der);
Result<Sha256> tls_key_of_pem(ByteView pem);

}  // namespace mayfly::crypto
