// Attestation tokens of any bytes, and claims of any bytes in a token's form: reading and
// appraising never crash, and nothing is believed without a root or a key.
#include <cstdlib>

#include "attest/verify/google_token_verify.hpp"
#include "base/text_encoding.hpp"

namespace {

using namespace mayfly;
using namespace mayfly::attest;

void require(bool condition) {
  if (!condition) std::abort();
}

void judge(ByteView input) {
  const auto token = parse_google_token(input);
  if (token) {
    require(token->signed_bytes.data() == input.data());
    require(token->signed_bytes.size() < input.size());
    require(token->certificates.size() <= google_token_certificates_max);
    require(token->nonces.size() <= google_token_texts_max);
  }
  const Any nothing{"a fuzz target wants nothing"};
  const GoogleTokenPolicy policy{.roots = {},
                                 .keys = {},
                                 .time = nothing,
                                 .audience = nothing,
                                 .nonce = nothing,
                                 .hardware = nothing,
                                 .secure_boot = nothing,
                                 .support = nothing,
                                 .images = nothing};
  const auto appraisal = appraise_google_token(input, policy, UnixMillis{1'750'688'551'000});
  require((appraisal.verdict == EvidenceVerdict::malformed) == !token);
  require(appraisal.verdict != EvidenceVerdict::accepted && !appraisal.verified);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  judge(input);
  const std::string header = base64url_encode(bytes_of(R"({"alg":"RS256"})"));
  const std::string token = header + "." + base64url_encode(input) + ".AAAA";
  judge(bytes_of(token));
  return 0;
}
