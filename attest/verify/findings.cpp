#include "attest/verify/findings.hpp"

namespace mayfly::attest {

std::string_view to_string(FindingOutcome outcome) {
  constexpr std::array<std::string_view, 4> names{"pass", "fail", "waived", "not_evaluated"};
  return names.at(static_cast<std::size_t>(outcome));
}

std::string_view to_string(CheckStage stage) {
  constexpr std::array<std::string_view, 5> names{"layout", "chain", "signature", "binding",
                                                  "policy"};
  return names.at(static_cast<std::size_t>(stage));
}

std::string_view to_string(EvidenceVerdict verdict) {
  constexpr std::array<std::string_view, 4> names{"malformed", "rejected", "inconclusive",
                                                  "accepted"};
  return names.at(static_cast<std::size_t>(verdict));
}

}  // namespace mayfly::attest
