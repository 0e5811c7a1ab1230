#include "cli/judge_certificate.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string_view>

#include "base/file_io.hpp"
#include "base/unique_fd.hpp"
#include "certificate/canonical_json.hpp"
#include "cli/appraisal_time.hpp"
#include "cli/dataset_hash.hpp"
#include "cli/log_files.hpp"
#include "cli/standard_streams.hpp"
#include "cli/trace_file.hpp"
#include "crypto/pem.hpp"
#include "crypto/timestamp_token.hpp"
#include "verifier/comparison_text.hpp"
#include "verifier/explain_text.hpp"
#include "verifier/report_json.hpp"
#include "verifier/verify.hpp"

namespace mayfly::cli {
namespace {

// A verdict that was not told is none, so it must not end with the verdict's status.
Result<void> print(const std::string& text) {
  put_out(text);
  const int failed = flush_out();
  if (failed == 0) return {};
  return fail(ErrorCode::internal, errno_error(failed, "writing the report").message());
}

Result<Bytes> read_at_most(const UniqueFd& fd, std::size_t bytes_max, std::string_view doing) {
  constexpr std::size_t step_bytes = std::size_t{64} * 1024;
  Bytes bytes;
  while (bytes.size() < bytes_max) {
    const std::size_t begin = bytes.size();
    bytes.resize(std::min(begin + step_bytes, bytes_max));
    const ssize_t count = ::read(fd.borrow(), bytes.data() + begin, bytes.size() - begin);
    if (count < 0 && errno != EINTR) {
      return fail_errno(doing);
    }
    bytes.resize(begin + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count == 0) {
      break;
    }
  }
  return bytes;
}

Result<crypto::TimestampRoots> read_tsa_roots(const std::string& path) {
  TRY(const Bytes text, read_file(path, crypto::pem_chain_bytes_max));
  auto roots = crypto::TimestampRoots::from_pem(text);
  if (!roots) return std::unexpected(std::move(roots).error().while_doing("--tsa-roots " + path));
  return roots;
}

}  // namespace

Result<Judge> Judge::make(const JudgeOptions& options) {
  Judge judge;
  judge.policy_ = options.policy;
  if (options.dataset) {
    TRY(judge.dataset_hash_, dataset_hash(*options.dataset));
  }
  if (options.log_policy) {
    TRY(judge.log_policy_, read_log_policy(*options.log_policy));
  }
  if (options.log) {
    TRY(judge.log_, transparency::read_log(files_below(*options.log)));
  }
  if (options.tsa_roots) {
    // Two lists would leave open whose word counts.
    if (!std::holds_alternative<verifier::Any>(options.policy.time)) {
      return fail(
          ErrorCode::malformed,
          "the policy names its time-stamping authorities itself: leave out --tsa-roots, or "
          "add them there");
    }
    TRY(auto authorities, read_tsa_roots(*options.tsa_roots));
    judge.policy_.time =
        verifier::TimeRules{.authorities = std::move(authorities), .token = verifier::Required{}};
  }
  if (options.trace) {
    TRY(judge.trace_, read_trace(*options.trace));
  }
  judge.clock_ = clock_now();
  judge.at_ = options.at.value_or(judge.clock_);
  return judge;
}

verifier::Report Judge::judge(ByteView certificate) const {
  return verifier::verify(certificate, policy_, at_,
                          {.dataset_hash = dataset_hash_,
                           .log_policy = log_policy_ ? &*log_policy_ : nullptr,
                           .log = log_ ? &*log_ : nullptr,
                           .trace = trace_,
                           .clock = clock_});
}

Result<int> explain_codes() {
  CHECK_OK(print(verifier::codes_text()));
  return 0;
}

Result<int> compare_certificates(ByteView a, ByteView b, const JudgeOptions& options) {
  const verifier::Comparison comparison =
      verifier::compare(a, b, options.policy, options.at.value_or(clock_now()));
  switch (options.form) {
    case ReportForm::text:
    case ReportForm::explained: CHECK_OK(print(comparison_text(comparison))); break;
    case ReportForm::json: CHECK_OK(print(comparison_json(comparison) + "\n")); break;
    case ReportForm::none: break;
  }
  return exit_code(comparison.outcome);
}

Result<int> judge_certificate(ByteView certificate, const JudgeOptions& options) {
  TRY(const Judge judge, Judge::make(options));
  const verifier::Report report = judge.judge(certificate);
  switch (options.form) {
    case ReportForm::text: CHECK_OK(print(report_text(report, options.colour))); break;
    case ReportForm::explained:
      CHECK_OK(print(report_text(report, options.colour) + explain_text(report)));
      break;
    case ReportForm::json: CHECK_OK(print(report_json(report) + "\n")); break;
    case ReportForm::none: break;
  }
  return exit_code(report.verdict());
}

Result<Bytes> read_certificate(const std::string& path) {
  const bool is_standard_input = path == "-";
  const std::string doing =
      "reading the certificate " + (is_standard_input ? "from standard input" : path);
  const UniqueFd fd(is_standard_input ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                      : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    return fail_errno(doing);
  }
  return read_at_most(fd, certificate::json_bytes_max + 1, doing);
}

verifier::Colour colour_of_standard_output() {
  const char* const no_color = std::getenv("NO_COLOR");
  const char* const term = std::getenv("TERM");
  const bool is_dumb = term == nullptr || std::string_view(term) == "dumb";
  const bool is_refused = no_color != nullptr && *no_color != '\0';
  return ::isatty(STDOUT_FILENO) == 1 && !is_dumb && !is_refused ? verifier::Colour::ansi
                                                                 : verifier::Colour::none;
}

}  // namespace mayfly::cli
