// Model to canonical bytes, and the hashes that are made of them.
//
// Source    docs/certificate-format.md. spelling.hpp holds the names; decode.hpp is the inverse.
// Shapes    The statement's bytes appear in the certificate unchanged, and the claim's in the
//           statement: what is hashed and signed is a slice of the file.
// Errors    malformed / limit: a field that the format does not allow, named by its path.
// Threads   Pure functions.
#pragma once
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "certificate/model.hpp"

namespace mayfly::certificate {

struct EncodedStatement {
  Bytes bytes;                   // the statement slice: what is signed
  std::size_t claim_offset = 0;  // of the claim slice in `bytes`
  std::size_t claim_bytes = 0;
  std::string claim_hash;      // "sha256:..."
  std::string certificate_id;  // "cert_..."
  Sha256 sandbox_hash;
  Sha256 input_hash;

  ByteView claim_slice() const { return ByteView(bytes).subspan(claim_offset, claim_bytes); }
};

// Fills in claim.sandbox_hash and claim.input_hash by itself and sorts what the format sorts.
Result<EncodedStatement> encode_statement(const Statement& statement);
Result<Bytes> encode_certificate(const EncodedStatement& statement, const Proof& proof);

// SHA-256 of the sandbox's own canonical bytes, as they stand in the claim.
Result<Sha256> sandbox_hash(const Sandbox& sandbox);
// SHA-256 over everything in the claim that is known before the run ("mayfly/input/v1").
Result<Sha256> input_hash(const Claim& claim);

// The in-toto subject: claim, dataset (unless none or keyed) and result, by digest.
Result<std::string> encode_subject(const Claim& claim, std::string_view claim_hash);

}  // namespace mayfly::certificate
