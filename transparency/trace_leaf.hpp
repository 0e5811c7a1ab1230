// One event of a run's trace as a Merkle leaf. Its random salt keeps a withheld event from being
// guessed from its hash, so that a trace can be shown in part, visibly.
//
// Source    docs/certificate-format.md, member run.trace: RFC 6962 leaf over
//           "mayfly/event/v1\n" || salt, 16 bytes || event.
// Threads   Pure function.
#pragma once
#include <array>
#include <cstdint>

#include "transparency/merkle.hpp"

namespace mayfly::transparency {

using TraceSalt = std::array<std::uint8_t, 16>;

Sha256 trace_leaf(const TraceSalt& salt, ByteView event);

}  // namespace mayfly::transparency
