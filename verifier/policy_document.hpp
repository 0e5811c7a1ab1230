// A policy as a document that can be reviewed, kept and hashed: docs/attestation.md is the
// reference.
//
// Shapes    One JSON object, every member but "time" required, and none unknown. What is not to be
// checked is
//           {"any":"<reason>"}, and the reason is not empty. White space and order are free: the
//           hash is over the canonical form, so two spellings of one policy have one hash.
// Errors    malformed: "tdx.tcb.statuses: ..." with the path and what must stand there.  limit:
//           over policy_document_bytes_max.
// Threads   Pure functions.
#pragma once
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "verifier/policy.hpp"

namespace mayfly::verifier {

inline constexpr std::size_t policy_document_bytes_max = std::size_t{256} * 1024;

// The anchors of hardware are the vendors' own: no document can name a root of theirs.
Result<Policy> parse_policy(ByteView document);

}  // namespace mayfly::verifier
