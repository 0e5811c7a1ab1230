// Exit codes of `mayfly` (docs/reference). `mayfly verify` and `verify-cert` have their own, the
// verdict's: docs/certificate-format.md.
#pragma once
#include <string_view>

#include "base/result.hpp"
#include "executor/sandbox.hpp"

namespace mayfly::cli {

enum class ExitCode : int {
  ok = 0,
  failed = 1,  // the job failed, or we did
  usage = 2,
  not_found = 4,
  denied = 5,
  limit = 6,
  unreachable = 7,
  verify_usage = 64,     // `mayfly verify` only
  verify_internal = 70,  // `mayfly verify` only
  interrupted = 130,
};

constexpr int to_int(ExitCode code) {
  return static_cast<int>(code);
}
// A file or certificate that is not there: not_found. One that may not be used: denied.
ExitCode exit_code_for(const Error& error);
ExitCode exit_code_for(const executor::Outcome& outcome);
// For `mayfly run -- COMMAND`: the command's own status, 128 + n for a signal.
int passed_through_status(const executor::Outcome& outcome);

// Prints "mayfly: <message>" to standard error, control characters written out.
void complain(std::string_view message);
// The same for an error; returns the code for it.
int report_error(const Error& error);

}  // namespace mayfly::cli
