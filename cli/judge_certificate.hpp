// Judges a certificate for a command line: `verify-cert` and `mayfly verify` say the same thing.
//
// Shapes    The exit code is the verdict's (docs/certificate-format.md); a dataset or output that
//           cannot be read or written is an Error instead, and nothing was judged.
// Threads   Writes to standard output; one caller.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "transparency/log_copy.hpp"
#include "transparency/log_policy.hpp"
#include "verifier/policy.hpp"
#include "verifier/report.hpp"
#include "verifier/report_text.hpp"
#include "verifier/trace_check.hpp"

namespace mayfly::cli {

enum class ReportForm : std::uint8_t { text, explained, json, none };

struct JudgeOptions {
  std::optional<std::string> dataset;     // path, or "-" for standard input
  std::optional<UnixMillis> at;           // absent: this machine's clock
  std::optional<std::string> log_policy;  // path of a tlog-policy file
  std::optional<std::string> log;         // folder with a copy of the log's tiles
  std::optional<std::string> tsa_roots;   // path of the PEM of time-stamping authorities
  std::optional<std::string> trace;       // path of the run's trace
  ReportForm form = ReportForm::text;
  verifier::Colour colour = verifier::Colour::none;
  verifier::Policy policy = verifier::default_policy();
};

// What the options name, read once: for one certificate or for many.
class Judge {
 public:
  static Result<Judge> make(const JudgeOptions& options);

  // Pure: may be called by several threads at once.
  verifier::Report judge(ByteView certificate) const;

 private:
  Judge() = default;

  verifier::Policy policy_ = verifier::default_policy();
  UnixMillis at_;
  UnixMillis clock_;
  std::optional<std::string> dataset_hash_;
  std::optional<transparency::LogPolicy> log_policy_;
  std::optional<transparency::LogCopy> log_;
  std::optional<verifier::GivenTrace> trace_;
};

// Every code there is, as text: for --explain without a certificate.
Result<int> explain_codes();

Result<int> compare_certificates(ByteView a, ByteView b, const JudgeOptions& options);

Result<int> judge_certificate(ByteView certificate, const JudgeOptions& options);

// The bytes of a certificate file ("-": standard input): at most one byte more than a certificate
// can have, which the verdict then names.
Result<Bytes> read_certificate(const std::string& path);

// ansi only for a terminal that wants it: not NO_COLOR, not TERM=dumb.
verifier::Colour colour_of_standard_output();

}  // namespace mayfly::cli
