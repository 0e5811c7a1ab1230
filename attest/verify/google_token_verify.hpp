// Appraises an attestation token of Google Cloud's: did Google sign it, about the workload and the
// bytes that the caller asked for? Reports every finding.
//
// What is accepted here is Google's word: it saw the machine's evidence, the reader of a token does
// not. So this is never a hardware verdict; verifier/tee_appraisal adds that to every report.
//
// Source    Google, Confidential Space, "Attestation token claims", "Validate PKI tokens".
// Errors    None: everything that is wrong is a finding.
// Threads   Pure function: no I/O, no clock, no globals.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "attest/verify/findings.hpp"
#include "attest/verify/google_token.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::attest {

enum class GoogleTokenCheck : std::uint8_t {
  token_layout,
  chain_readable,
  chain_anchor,
  chain_names,
  chain_constraints,
  chain_signatures,
  chain_validity,  // when the token was issued: its certificates live for months
  token_signature,
  token_issuer,
  token_time,  // measured from the time of appraisal
  audience,
  nonce,
  debug_off,
  software,
  hardware,
  secure_boot,
  support,
  image,
};

template <>
struct CheckTable<GoogleTokenCheck> {
  static const std::array<CheckRow, 18> rows;
};

// A key of Google's list (JWKS), by its id.
struct GoogleTokenKey {
  std::string id;
  Bytes modulus;
  std::uint32_t exponent = 65537;
};

struct GoogleTokenCurrent {};  // between nbf and exp
struct GoogleSecureBoot {};

struct GoogleTokenPolicy {
  // Whose word it is: SHA-256 of root certificates (for PKI tokens), or keys (for OIDC tokens).
  std::vector<crypto::Sha256> roots;
  std::vector<GoogleTokenKey> keys;
  Expected<GoogleTokenCurrent> time;
  Expected<std::string> audience;
  Expected<std::string> nonce;
  Expected<std::vector<std::string>> hardware;
  Expected<GoogleSecureBoot> secure_boot;
  Expected<std::string> support;              // an attribute that the image must have: "STABLE"
  Expected<std::vector<std::string>> images;  // digests of containers: "sha256:..."
};

struct GoogleTokenAppraisal {
  EvidenceVerdict verdict = EvidenceVerdict::malformed;
  Findings<GoogleTokenCheck> findings;
  // None unless layout, chain and signature hold. It may still be a debug image's.
  std::optional<ParsedGoogleToken> verified;
};

GoogleTokenAppraisal appraise_google_token(ByteView token, const GoogleTokenPolicy& policy,
                                           UnixMillis at);

}  // namespace mayfly::attest
