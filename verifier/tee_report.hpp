// What was found of bare evidence other than a TDX quote, and what such evidence says.
//
// Shapes    JSON as verifier/evidence_report.hpp has it: "checks" have a "level" besides; "quote"
//           has what is said, by name; "platform", "tcb" and "measurement" are null; "events" are
//           those of the boot log, when the policy asks for it.
// Threads   Pure functions.
#pragma once
#include <string>

#include "base/time.hpp"
#include "verifier/policy.hpp"
#include "verifier/tee_appraisal.hpp"

namespace mayfly::verifier {

struct TeeReport {
  UnixMillis appraised_at;
  const Policy& policy;
  const TeeAppraisal& appraisal;
};

std::string tee_report_json(const TeeReport& report);
std::string tee_report_text(const TeeReport& report);

// What the evidence says, believed by no one. malformed: it is not evidence of that kind.
Result<std::string> describe_tee_json(attest::TeeKind kind, ByteView quote);
Result<std::string> describe_tee_text(attest::TeeKind kind, ByteView quote);

// One sentence: what even genuine evidence of this kind does not show.
std::string_view limits_of(attest::TeeKind kind);

}  // namespace mayfly::verifier
