// What is shown of the things that a statement only commits to: the trace, and a result that may be
// withheld. Stage disclosures.
//
// Threads   Pure functions.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "certificate/decode.hpp"
#include "verifier/finding.hpp"
#include "verifier/trace_check.hpp"

namespace mayfly::verifier {

struct DisclosureJudgement {
  std::vector<Finding> findings;  // at least one
  // For people: "no events", "3 of 12 events (withheld: files 9); result withheld".
  std::string shown;
};
DisclosureJudgement judge_disclosures(const certificate::DecodedCertificate& decoded,
                                      const std::optional<GivenTrace>& trace);

// The result's JSON: from the claim, or, where the claim only commits to it, from what is shown.
// Absent: there is none, it is withheld, or what is shown is something else.
std::optional<std::string> result_value(const certificate::DecodedCertificate& decoded);
bool result_is_withheld(const certificate::DecodedCertificate& decoded);

}  // namespace mayfly::verifier
