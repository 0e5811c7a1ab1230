// How far each part of a certificate is to be believed: by what stands behind it, not by what it
// says of itself.
//
// Source    docs/certificate-format.md, "How far each field is believed".
// Threads   Pure functions over plain values.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "certificate/model.hpp"
#include "verifier/finding.hpp"
#include "verifier/policy.hpp"

namespace mayfly::verifier {

// Strongest first.
enum class Grade : std::uint8_t {
  hardware_bound,  // genuine hardware vouches for code that the policy knows, which measured it
  log_proved,      // anyone can count it again over a log
  token_proved,    // a time-stamping authority that the policy trusts says it
  self_reported,   // the word of whoever ran the job
  named_only,      // a name; nothing was measured under it
  absent,          // the certificate says nothing about it
};
std::string_view to_string(Grade grade);  // "hardware-bound"

struct GradedField {
  std::string_view field;  // "claim.result": its path in the statement; or "proof.timestamps"
  Grade grade;
};

// In the order of the paths. None is hardware-bound unless the quote is genuine, bound to the
// statement, of an environment that the policy knows, and nothing contradicts the certificate:
// evidence that is simulated or of a debug TD never makes one.
std::vector<GradedField> grade_fields(const certificate::Statement& statement,
                                      std::span<const Finding> findings, const Policy& policy);

}  // namespace mayfly::verifier
