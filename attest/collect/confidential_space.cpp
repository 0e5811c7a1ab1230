#include "attest/collect/confidential_space.hpp"

#include "attest/collect/socket_post.hpp"
#include "attest/model/evidence_parts.hpp"
#include "base/text_encoding.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::attest {

Result<Evidence> confidential_space_evidence(const std::string& socket,
                                             const ReportData& report_data) {
  const std::string nonce = hex_encode(crypto::sha256(report_data).bytes);
  const std::string body =
      R"({"audience":"mayfly","token_type":"PKI","nonces":[")" + nonce + R"("]})";
  TRY(std::string token, post_to_socket({.whom = "the launcher of Confidential Space",
                                         .socket = socket,
                                         .path = "/v1/token",
                                         .answer_bytes_max = confidential_space_token_bytes_max},
                                        body));
  while (token.ends_with('\n')) token.pop_back();
  const std::size_t claims_at = token.find('.') + 1;
  const std::size_t claims_end = token.find('.', claims_at);
  const auto claims = claims_at == 0 || claims_end == std::string::npos
                          ? Result<Bytes>(fail(ErrorCode::malformed, ""))
                          : base64url_decode(token.substr(claims_at, claims_end - claims_at));
  if (!claims) {
    return fail(ErrorCode::malformed, "the launcher's answer is no token");
  }
  // Its claims are read whole by whoever verifies it.
  if (text_of(*claims).find('"' + nonce + '"') == std::string_view::npos) {
    return fail(ErrorCode::unavailable, "the token is over other bytes than those asked for");
  }
  const ByteView bytes = bytes_of(token);
  return Evidence{.kind = TeeKind::confidential_space,
                  .format = quote_format::confidential_space,
                  .quote = Bytes(bytes.begin(), bytes.end()),
                  .parts_format = {},
                  .parts = {}};
}

}  // namespace mayfly::attest
