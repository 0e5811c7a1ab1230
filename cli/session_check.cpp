#include "cli/session_check.hpp"

#include <array>

#include "api/attestation_route.hpp"
#include "api/loopback_client.hpp"
#include "base/text_encoding.hpp"
#include "certificate/canonical_json.hpp"
#include "crypto/random.hpp"

namespace mayfly::cli {
namespace {

Result<certificate::SessionAttestation> ask(const SessionQuestion& question) {
  const std::string base = service_base(question.url);
  TRY(const api::LoopbackAnswer answer,
      api::ask_loopback(
          "GET", base + std::string(api::attestation_path) + "?nonce=" + hex_encode(question.nonce),
          {}, certificate::json_bytes_max, question.token));
  if (answer.status != 200) {
    return fail(ErrorCode::unavailable, base + " answers " + std::to_string(answer.status) +
                                            " and attests nothing: is it `mayfly serve`?");
  }
  return certificate::decode_session_attestation(answer.body);
}

}  // namespace

Bytes fresh_nonce() {
  std::array<std::uint8_t, 32> random;
  crypto::fill_random(random);
  return {random.begin(), random.end()};
}

std::string service_base(const std::string& url) {
  std::string base = url;
  while (base.ends_with('/')) base.pop_back();
  return base;
}

Result<CheckedSession> check_session(const SessionQuestion& question,
                                     const verifier::Policy& policy, UnixMillis at) {
  TRY(certificate::SessionAttestation session, ask(question));
  CheckedSession out{.session = std::move(session), .judgement = {}};
  out.judgement = verifier::judge_session(out.session, question.nonce, policy, at);
  out.software_differs =
      !question.software.empty() && out.session.manifest.software != question.software;
  if (out.software_differs) {
    if (out.judgement.verdict == verifier::Verdict::verified) {
      out.judgement.verdict = verifier::Verdict::refused;
    }
    out.judgement.report_text += "\nREFUSED: it runs other software than --software names\n";
  }
  return out;
}

}  // namespace mayfly::cli
