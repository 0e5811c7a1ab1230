// Canonical bytes to model: strict about every member, type, word and bound.
//
// Source    docs/certificate-format.md. encode() of what comes out gives the same bytes back, but
//           for hashes that the file states wrongly: nothing is verified here.
// Errors    malformed / limit: "statement.predicate.claim.limits.pids: must be ..."; an unknown
//           member is refused by its name.  rejected: every member is right by itself, and the
//           subject names other digests than the claim.
// Threads   Pure functions. The slices borrow the input.
#pragma once
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "certificate/model.hpp"

namespace mayfly::certificate {

struct DecodedCertificate {
  Statement statement;
  Proof proof;
  ByteView statement_slice;
  ByteView claim_slice;
  ByteView sandbox_slice;
  std::string stated_certificate_id;
  std::string stated_claim_hash;
};

// Precondition: `certificate` outlives the returned value.
Result<DecodedCertificate> decode_certificate(ByteView certificate);

// What the ids and hashes really are, from the slices. A certificate states the first two at its
// top and the others in its claim; a verifier compares.
struct RecomputedIds {
  std::string certificate_id;
  std::string claim_hash;
  Sha256 sandbox_hash;
  Sha256 input_hash;
};
Result<RecomputedIds> recompute_ids(const DecodedCertificate& certificate);

}  // namespace mayfly::certificate
