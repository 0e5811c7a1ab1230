// The verdict: one answer, computed from the findings and from nothing else.
//
// Source    docs/certificate-format.md, "The verdict": exit codes.
// Threads   Pure functions.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "verifier/finding.hpp"

namespace mayfly::verifier {

// The value is the exit code. 64 (usage) belongs to programs: nothing was judged.
enum class Verdict : std::uint8_t {
  verified = 0,
  contradicted = 1,
  malformed = 2,
  inconclusive = 3,
  refused = 4,
  unattested = 5,
  internal = 70,
};
inline constexpr int exit_code_usage = 64;

// The strongest effect decides. Every verdict that says "consistent" needs more than the absence
// of failures: a pass from each stage that carries the proof. No findings at all: inconclusive.
Verdict verdict_of(std::span<const Finding> findings);

int exit_code(Verdict verdict);
std::string_view to_string(Verdict verdict);  // "verified", "consistent, not hardware-attested"
std::string_view explain(Verdict verdict);    // one plain sentence

}  // namespace mayfly::verifier
