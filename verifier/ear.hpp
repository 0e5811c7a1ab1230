// The report in the shape of an EAT Attestation Result (EAR), for relying parties that read those.
// Unsigned: whoever wants a token signs this text.
//
// Source    draft-ietf-rats-ear (the claims-set), draft-ietf-rats-ar4si (the trustworthiness
//           vector and its values).
// Shapes    One JSON object. Only claims that were appraised are in the vector; no claim is
//           affirming unless its check passed, and the whole is affirming only if the verdict is
//           "verified".
// Threads   Pure function.
#pragma once
#include <string>

#include "verifier/report.hpp"

namespace mayfly::verifier {

std::string ear_json(const Report& report);

}  // namespace mayfly::verifier
