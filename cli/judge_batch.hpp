// Judges many certificates: every *.json below a folder, or one a line from standard input.
//
// Shapes    Out: one JSON object a line, "mayfly/verification-line/v1", in the order of the input;
//           docs/certificate-format.md, "Many at once". What cannot be read has a line with `error`
//           and exit code 64. The whole ends with the exit code of the worst line.
// Errors    malformed: there is nothing to judge, or a trace, which is of one run.  unavailable:
//           the folder cannot be read.
// Threads   One caller; judges on every processor.
#pragma once
#include <string>

#include "base/result.hpp"
#include "cli/judge_certificate.hpp"

namespace mayfly::cli {

Result<int> judge_batch(const std::string& folder_or_dash, const JudgeOptions& options);

}  // namespace mayfly::cli
