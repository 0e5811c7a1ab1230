// Reads an attestation token of Google Cloud's for a Confidential Space workload: a JSON Web Token
// by which Google says what it found when it appraised the machine. There is no hardware evidence
// in it.
//
// Source    RFC 7515 (compact serialisation), RFC 7519; Google, Confidential Space, "Attestation
//           token claims".
// Shapes    RS256 only. x5c: a PKI token has its signing chain, the leaf first; an OIDC token has
//           none, and a key of Google's list is meant by `kid`. Times in whole seconds. Claims that
//           are not read here may be anything that is JSON.
// Errors    malformed: not such a token; a claim that is missing or of another type.  limit: over
//           google_token_bytes_max, more certificates, nonces or attributes than the bounds.
// Threads   Pure function. What it returns borrows from the token where it says so.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace mayfly::attest {

inline constexpr std::size_t google_token_bytes_max = std::size_t{64} * 1024;
inline constexpr std::size_t google_token_certificates_max = 8;
inline constexpr std::size_t google_token_texts_max = 16;  // nonces; support attributes

struct ParsedGoogleToken {
  std::string key_id;               // empty if there is none
  std::vector<Bytes> certificates;  // DER, the leaf first; empty in an OIDC token
  ByteView signed_bytes;            // borrowed: header, dot, claims
  Bytes signature;

  std::string issuer;
  std::string audience;
  std::string subject;  // the virtual machine
  UnixMillis issued_at;
  UnixMillis not_before;
  UnixMillis expires_at;
  std::string hardware;          // hwmodel: "GCP_INTEL_TDX"
  std::string software;          // swname: "CONFIDENTIAL_SPACE"
  std::string software_version;  // empty if there is none
  std::string debug_status;      // dbgstat: "disabled-since-boot"
  bool secure_boot = false;
  std::vector<std::string> nonces;
  std::vector<std::string> support;  // of the image: "STABLE"
  std::string image_digest;          // of the container; empty if there is none
  std::string image_reference;
};

Result<ParsedGoogleToken> parse_google_token(ByteView token);

}  // namespace mayfly::attest
