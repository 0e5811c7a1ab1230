// Points in time and spans, each with its unit in the type. Only edges read a clock.
#pragma once
#include <compare>
#include <cstdint>
#include <string>

namespace mayfly {

// Milliseconds since 1970-01-01T00:00:00Z.
struct UnixMillis {
  std::int64_t value = 0;
  auto operator<=>(const UnixMillis&) const = default;
};

// "2026-03-01T12:00:00.000Z"; years outside 1970..9999 are clamped.
std::string to_rfc3339(UnixMillis at);

}  // namespace mayfly
