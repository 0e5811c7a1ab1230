// One line for each of many certificates: the verdict, what it is about, and what stands in the
// way.
//
// Source    docs/certificate-format.md, "Many at once": schema "mayfly/verification-line/v1".
// Threads   Pure functions.
#pragma once
#include <string>
#include <string_view>

#include "verifier/report.hpp"

namespace mayfly::verifier {

struct ReportLine {
  std::string json;  // one object, without a line end
  int exit_code = exit_code_usage;
};

// `input` says where the certificate came from.
ReportLine report_line(std::string_view input, const Report& report);
ReportLine unread_line(std::string_view input, std::string_view error);

// Of two exit codes the one that a reader of both must act on first: 70, 64, 2, 1, 3, 5, 4, 0.
int worse_exit_code(int a, int b);

}  // namespace mayfly::verifier
