// A root certificate that evidence may end in, and what ending there proves.
//
// Threads   Plain values.
#pragma once
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"

namespace mayfly::attest {

// `simulated` roots have public private keys: anyone can make evidence that ends in one.
enum class AnchorKind : std::uint8_t { hardware, simulated };

struct TrustAnchor {
  std::string_view name;
  ByteView root_certificate;  // DER, compared byte by byte
  AnchorKind kind;
};

}  // namespace mayfly::attest
