#include "pipeline/session.hpp"

#include <utility>

#include "attest/model/session_binding.hpp"
#include "certificate/session.hpp"

namespace mayfly::pipeline {
namespace {

certificate::SessionEvidence evidence_of(attest::Evidence evidence) {
  certificate::SessionEvidence out{.kind = std::string(to_string(evidence.kind)),
                                   .format = std::string(evidence.format),
                                   .quote = std::move(evidence.quote),
                                   .collateral = std::nullopt};
  if (!evidence.parts.empty()) {
    out.collateral = collateral_of(std::move(evidence));
  }
  return out;
}

}  // namespace

Result<std::string> session_manifest(const Parts& parts, const std::optional<Bytes>& upload_key) {
  const ByteView signer = parts.signer.public_key();
  return certificate::encode_session_manifest({.signer = Bytes(signer.begin(), signer.end()),
                                               .software = crypto::to_text(parts.program_digest),
                                               .tee = std::string(to_string(parts.tee)),
                                               .upload_key = upload_key});
}

Result<std::string> attest_session(const Parts& parts, const std::optional<Bytes>& upload_key,
                                   ByteView nonce) {
  if (nonce.size() < session_nonce_bytes_min) {
    return fail(ErrorCode::malformed, "a nonce has 8 to 64 bytes");
  }
  TRY(const std::string text, session_manifest(parts, upload_key));
  TRY(const attest::ReportData binding,
      attest::bind_session(bytes_of(text), parts.signer.public_key(),
                           upload_key ? ByteView(*upload_key) : ByteView(), nonce));
  TRY(attest::Evidence evidence, parts.collect(binding));
  return certificate::encode_session_attestation(text, evidence_of(std::move(evidence)));
}

}  // namespace mayfly::pipeline
