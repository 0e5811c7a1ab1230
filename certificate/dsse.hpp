// What a signature covers: a payload together with its type, so that neither can be swapped.
//
// Source    DSSE v1.0.2, pre-authentication encoding.
// Threads   Pure function.
#pragma once
#include <string_view>

#include "base/bytes.hpp"

namespace mayfly::certificate {

inline constexpr std::string_view in_toto_payload_type = "application/vnd.in-toto+json";

// "DSSEv1 <length of type> <type> <length of payload> <payload>", lengths in bytes, decimal.
Bytes dsse_pae(std::string_view payload_type, ByteView payload);

}  // namespace mayfly::certificate
