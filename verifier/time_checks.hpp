// Stage time: by when the certificate existed, by a clock other than its issuer's.
//
// Threads   Pure function.
#pragma once
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "certificate/decode.hpp"
#include "verifier/finding.hpp"
#include "verifier/policy.hpp"

namespace mayfly::verifier {

struct TimeJudgement {
  std::vector<Finding> findings;             // at least one
  std::optional<UnixMillis> existed_before;  // as a trusted authority says; absent: nobody does
};

// `now`: the caller's clock, by which an authority's certificate may have expired. Without rules
// tokens are checked for what they are over, and nobody's word is taken.
TimeJudgement judge_time(const certificate::DecodedCertificate& decoded,
                         const Expected<TimeRules>& rules, UnixMillis now);

}  // namespace mayfly::verifier
