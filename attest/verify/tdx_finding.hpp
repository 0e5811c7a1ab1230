// Short ways to make a finding, for the files that make them.
//
// Threads   Pure functions.
#pragma once
#include <string>
#include <string_view>

#include "attest/model/expectation.hpp"
#include "attest/verify/tdx_appraisal.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace mayfly::attest {

TdxFinding pass_or_fail(TdxCheck check, const Result<void>& result);
TdxFinding pass_if(TdxCheck check, bool condition, std::string_view otherwise);
TdxFinding not_evaluated(TdxCheck check, std::string_view why);
TdxFinding not_asked(TdxCheck check, const Any& any);

// One thing's time, both ends inclusive; `what` as in "the TCB info".
struct Validity {
  std::string_view what;
  UnixMillis from;
  UnixMillis until;
};
// Empty if valid, else why not: "the TCB info is not valid after 2025-07-19T10:16:03.000Z".
std::string not_valid_at(const Validity& validity, UnixMillis at);

}  // namespace mayfly::attest
