// A QE identity of any bytes, in its envelope or as the body alone: reading never crashes, the body
// lies within the input, and what is read is within its bounds.
#include <cstdlib>

#include "attest/verify/collateral_envelope.hpp"
#include "attest/verify/qe_identity.hpp"

namespace {

using namespace mayfly::attest;

void require(bool condition) {
  if (!condition) std::abort();
}

void read_body(mayfly::ByteView body) {
  if (const auto list = parse_qe_identity(body)) {
    require(!list->levels.empty() && list->levels.size() <= tcb_levels_max);
    for (const auto& level : list->levels) {
      require(level.standing.advisories.size() <= advisories_max);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const mayfly::ByteView input(data, size);
  read_body(input);
  if (const auto envelope = open_envelope(input, qe_identity_body_name)) {
    require(envelope->body.data() > data);
    require(envelope->body.data() + envelope->body.size() < data + size);
    read_body(envelope->body);
    const std::string plain = plain_envelope(*envelope, qe_identity_body_name);
    const auto again = open_envelope(mayfly::bytes_of(plain), qe_identity_body_name);
    require(again && again->signature == envelope->signature);
  }
  return 0;
}
