// What a time stamp of a certificate covers, and how one is added.
//
// Shapes    A token is over the whole file as it was without it: the first over the certificate
//           without `proof.timestamps`, each next one over all that stood there before. The quote
//           must be under it: who breaks an attestation key later could else make one for a
//           statement that was stamped before. `proof.disclosure` is not: what it shows is bound by
//           the statement, and may be withheld later.
// Errors    limit: timestamps_max tokens are there already, or there is no room for another.
// Threads   Pure functions.
#pragma once
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "certificate/decode.hpp"

namespace mayfly::certificate {

// What the token at `index` is over. Precondition: index at most the number of tokens.
Result<Bytes> stamped_bytes(const DecodedCertificate& certificate, std::size_t index);

// The certificate with one token more. What is signed stays as it is, byte for byte.
Result<Bytes> with_timestamp(const DecodedCertificate& certificate, ByteView token);

}  // namespace mayfly::certificate
