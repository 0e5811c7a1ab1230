// Nitro documents of any bytes: reading and appraising never crash, what is read lies within the
// input, and nothing is believed without the anchor.
#include <cstdlib>

#include "attest/verify/nitro_anchor.hpp"
#include "attest/verify/nitro_verify.hpp"

namespace {

using namespace mayfly;
using namespace mayfly::attest;

void require(bool condition) {
  if (!condition) std::abort();
}

bool lies_within(ByteView inner, ByteView outer) {
  return inner.data() >= outer.data() && inner.data() + inner.size() <= outer.data() + outer.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  const auto document = parse_nitro_document(input);
  if (document) {
    require(lies_within(document->payload, input) && lies_within(document->signature, input));
    require(lies_within(document->certificate, document->payload));
    require(document->pcrs.size() <= nitro_pcrs_max && document->ca_bundle.size() <= 7);
  }
  const Any nothing{"a fuzz target wants nothing"};
  const NitroPolicy policy{.anchors = {},
                           .age = nothing,
                           .debug_off = nothing,
                           .pcr_values = nothing,
                           .nonce = nothing,
                           .user_data = nothing,
                           .public_key = nothing};
  const NitroAppraisal appraisal = appraise_nitro(input, policy, UnixMillis{1795000000000});
  require((appraisal.verdict == EvidenceVerdict::malformed) == !document);
  require(appraisal.verdict != EvidenceVerdict::accepted && !appraisal.verified);
  return 0;
}
