// The same statement under another proof. What is signed stays as it is, byte for byte.
//
// Errors    limit: a certificate has no room for that much.  Else as encode_certificate.
// Threads   Pure functions.
#pragma once
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "certificate/decode.hpp"

namespace mayfly::certificate {

// For what is only hashed: nobody need be able to read it.
Result<Bytes> encode_with_proof(const DecodedCertificate& certificate, const Proof& proof);
// For what is handed out. Each part may hold its own bound, and the whole be past one of a
// document.
Result<Bytes> with_proof(const DecodedCertificate& certificate, const Proof& proof);

}  // namespace mayfly::certificate
