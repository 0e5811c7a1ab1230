// dstack's log of what extended RTMR3, in the one spelling that certificates carry.
//
// Shapes    The plain spelling is encode_dstack_events(). The agent's is a JSON array of objects
// with
//           "imr", "event_type", "event" and "event_payload" (hex); other members, and events of
//           other registers, are not used. Digests are computed, never taken from it. A name with
//           a colon ends there: what follows is measured as the payload's beginning would be.
// Errors    malformed: neither of the two; an event of RTMR3 that dstack's rule does not measure.
//           limit: over runtime_log_json_bytes_max, or the bounds of event_log_runtime.hpp.
// Threads   Pure function.
#pragma once
#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::verifier {

inline constexpr std::size_t runtime_log_json_bytes_max = std::size_t{4} * 1024 * 1024;

Result<Bytes> plain_runtime_log(ByteView log);

}  // namespace mayfly::verifier
