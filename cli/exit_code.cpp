#include "cli/exit_code.hpp"

#include <cerrno>

#include "base/overloaded.hpp"
#include "cli/print.hpp"
#include "verifier/inert_text.hpp"

namespace mayfly::cli {
namespace {

constexpr std::size_t message_bytes_max = 4096;

}  // namespace

ExitCode exit_code_for(const Error& error) {
  switch (error.error_number()) {
    case ENOENT:
    case ENOTDIR: return ExitCode::not_found;
    case EACCES:
    case EPERM:
    case EROFS: return ExitCode::denied;
    case ENAMETOOLONG: return ExitCode::usage;
    default: break;
  }
  switch (error.code()) {
    case ErrorCode::malformed: return ExitCode::usage;
    case ErrorCode::limit: return ExitCode::limit;
    case ErrorCode::rejected:
    case ErrorCode::unavailable:
    case ErrorCode::internal: return ExitCode::failed;
  }
  return ExitCode::failed;
}

ExitCode exit_code_for(const executor::Outcome& outcome) {
  return std::visit(Overloaded{
                        [](const executor::Exited& exited) {
                          return exited.code == 0 ? ExitCode::ok : ExitCode::failed;
                        },
                        [](const executor::Signalled&) { return ExitCode::failed; },
                        [](const executor::TimedOut&) { return ExitCode::limit; },
                        [](const executor::LimitHit&) { return ExitCode::limit; },
                        [](const executor::Denied&) { return ExitCode::denied; },
                        [](const executor::NotStarted&) { return ExitCode::not_found; },
                    },
                    outcome);
}

int passed_through_status(const executor::Outcome& outcome) {
  if (const auto* exited = std::get_if<executor::Exited>(&outcome)) return exited->code;
  if (const auto* signalled = std::get_if<executor::Signalled>(&outcome)) {
    return 128 + signalled->signal;
  }
  return to_int(exit_code_for(outcome));
}

void complain(std::string_view message) {
  say("mayfly: {}\n", verifier::inert_text(message, message_bytes_max));
}

int report_error(const Error& error) {
  complain(error.message());
  return to_int(exit_code_for(error));
}

}  // namespace mayfly::cli
