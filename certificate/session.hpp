// What a running service says of itself before any data is sent: who signs, who may open an upload,
// and what software runs; with evidence that binds all of it and the asker's nonce.
//
// Source    docs/reference/session-attestation.md.
// Shapes    {"evidence":{"collateral"?,"format","kind","quote"},"manifest":{...},
//           "schema":"mayfly/session-attestation/v1"}, canonical. The manifest's bytes are a slice
//           of it: {"schema":"mayfly/session/v1","signer","software","tee","upload_key"?}. Keys in
//           hex, the quote in base64url.
// Errors    malformed: not of that form, an unknown member.  limit: over json_bytes_max.
// Threads   Pure functions.
#pragma once
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "certificate/model.hpp"

namespace mayfly::certificate {

inline constexpr std::size_t session_key_bytes = 32;

struct SessionManifest {
  Bytes signer;                       // Ed25519, of the certificates that this process makes
  std::string software;               // "sha256:<hex>": of the program that runs
  std::string tee;                    // the kind of evidence
  std::optional<Bytes> upload_key{};  // X25519; absent: sealed uploads are not offered
};

struct SessionEvidence {
  std::string kind;
  std::string format;
  Bytes quote;
  std::optional<Collateral> collateral{};
};

struct SessionAttestation {
  SessionManifest manifest;
  std::string manifest_text;  // as it is bound
  SessionEvidence evidence;
};

Result<std::string> encode_session_manifest(const SessionManifest& manifest);
// Precondition: `manifest_text` came from encode_session_manifest().
Result<std::string> encode_session_attestation(const std::string& manifest_text,
                                               const SessionEvidence& evidence);
Result<SessionAttestation> decode_session_attestation(ByteView bytes);

}  // namespace mayfly::certificate
