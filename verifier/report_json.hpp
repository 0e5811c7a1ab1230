// A report as one JSON object: the normative form, for programs.
//
// Shapes    {"answers": [{"at_ms", "name", "valid", "why": [...]}...], "appraised_at_ms",
//           "certificate": {...} | null, "checks": [{"code", "detail"?, "next"?, "stage", "state",
//           "text"}...], "exit_code", "log_trust", "policy": {"hash" | null, "name",
//           "not_asked": [...], "weakenings": [...]}, "schema": "mayfly/verification/v1",
//           "selection", "verdict", "verdict_text"}. Members sorted, no line ends, everything that
//           a terminal could act on escaped. "code", "stage", "state" and "verdict" are stable; the
//           texts are not. "certificate" says what the certificate says.
// Threads   Pure function.
#pragma once
#include <string>

#include "verifier/report.hpp"

namespace mayfly::verifier {

std::string report_json(const Report& report);

}  // namespace mayfly::verifier
