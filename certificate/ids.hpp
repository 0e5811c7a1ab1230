// The names of a certificate: its id over the signed statement, and the hash of its claim.
//
// Source    docs/certificate-format.md. Both are recomputed from the slices, never believed.
// Shapes    Id: "cert_" and the 64 hex digits of SHA-256(statement slice). Claim hash: "sha256:"
//           and those of SHA-256(claim slice). A prefix of an id has at least id_prefix_digits_min.
// Errors    malformed: text that is not such an id or prefix.
// Threads   Pure functions.
#pragma once
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::certificate {

inline constexpr std::string_view id_tag = "cert_";
inline constexpr std::size_t id_digits = 64;
inline constexpr std::size_t id_prefix_digits_min = 12;

std::string certificate_id(ByteView statement_slice);
std::string claim_hash(ByteView claim_slice);

Result<void> check_certificate_id(std::string_view text);
// A whole id, or a prefix long enough to look one up.
Result<void> check_certificate_id_or_prefix(std::string_view text);

}  // namespace mayfly::certificate
