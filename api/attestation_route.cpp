#include "api/attestation_route.hpp"

#include <optional>
#include <utility>

#include "base/text_encoding.hpp"
#include "pipeline/session.hpp"

namespace mayfly::api {
namespace {

Result<Bytes> nonce_of(const Call& call) {
  if (call.query.size() != 1 || call.query.begin()->first != "nonce") {
    return fail(ErrorCode::malformed,
                "ask with ?nonce= and nothing else: random bytes of your own, in hex");
  }
  auto nonce = hex_decode(call.query.begin()->second);
  if (!nonce || nonce->size() < pipeline::session_nonce_bytes_min ||
      nonce->size() > pipeline::session_nonce_bytes_max) {
    return fail(ErrorCode::malformed, "a nonce is 8 to 64 bytes in lower-case hex");
  }
  return std::move(*nonce);
}

Result<std::string> attestation(const Call& call, const pipeline::Parts& parts,
                                const intake::UploadSession* uploads) {
  TRY(const Bytes nonce, nonce_of(call));
  std::optional<Bytes> upload_key;
  if (uploads != nullptr) {
    upload_key.emplace(uploads->public_key().begin(), uploads->public_key().end());
  }
  return pipeline::attest_session(parts, upload_key, nonce);
}

}  // namespace

Reply attest_session(const Call& call, const pipeline::Parts& parts,
                     const intake::UploadSession* uploads) {
  auto text = attestation(call, parts, uploads);
  if (!text) {
    return problem_reply(problem_of(text.error()), call.path);
  }
  Reply reply = json_reply(std::move(*text));
  reply.headers.emplace_back("Cache-Control", "no-store");
  return reply;
}

}  // namespace mayfly::api
