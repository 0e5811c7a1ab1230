// What a time stamp of a certificate covers, and how one is added.
//
// Shapes    The first token is over the bytes of the ECDSA P-256 signature if there is one, else of
//           the first signature: who has seen it has seen what it signs, since what it signs names
//           its key. Each next token is over the one before it.
// Errors    unavailable: nothing is signed.  limit: timestamps_max tokens are there already.
// Threads   Pure functions.
#pragma once
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "certificate/decode.hpp"
#include "certificate/model.hpp"

namespace mayfly::certificate {

// What the token at `index` is over; borrows from the proof. Precondition: index at most the
// number of tokens.
Result<ByteView> stamped_bytes(const Proof& proof, std::size_t index);

// The certificate with one token more. What is signed stays as it is, byte for byte.
Result<Bytes> with_timestamp(const DecodedCertificate& certificate, ByteView token);

}  // namespace mayfly::certificate
