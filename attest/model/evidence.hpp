// Evidence (RFC 9334): what an attester produced, not yet believed by anyone.
//
// Threads   Plain values.
#pragma once
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::attest {

// A simulated kind is its own kind: code that accepts hardware never accepts it by accident.
enum class TeeKind : std::uint8_t { tdx, simulated_tdx };

std::string_view to_string(TeeKind kind);  // "tdx", "simulated-tdx"
Result<TeeKind> tee_kind_from_string(std::string_view text);

struct Evidence {
  TeeKind kind;
  std::string_view format;  // a literal: "tdx-quote-v4"
  Bytes quote;              // trimmed: no padding after the last field
};

}  // namespace mayfly::attest
