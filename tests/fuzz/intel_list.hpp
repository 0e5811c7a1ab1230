// What the fuzz targets of Intel's two signed lists have in common: a list of any bytes, in its
// envelope or as the body alone. Reading never crashes, the body lies within the input, and what is
// read is within its bounds.
#pragma once
#include <cstdlib>

#include "attest/verify/collateral_envelope.hpp"

namespace mayfly::attest {

inline void require(bool condition) {
  if (!condition) std::abort();
}

template <class Parse>
void try_intel_list(ByteView input, std::string_view body_name, Parse parse) {
  const auto read_body = [&](ByteView body) {
    if (const auto list = parse(body)) {
      require(!list->levels.empty() && list->levels.size() <= tcb_levels_max);
      for (const auto& level : list->levels) {
        require(level.standing.advisories.size() <= advisories_max);
      }
    }
  };
  read_body(input);
  if (const auto envelope = open_envelope(input, body_name)) {
    require(envelope->body.data() > input.data());
    require(envelope->body.data() + envelope->body.size() < input.data() + input.size());
    read_body(envelope->body);
    const std::string plain = plain_envelope(*envelope, body_name);
    const auto again = open_envelope(bytes_of(plain), body_name);
    require(again && again->signature == envelope->signature);
  }
}

}  // namespace mayfly::attest
