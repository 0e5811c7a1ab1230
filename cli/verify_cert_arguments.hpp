// The command line of `verify-cert`.
//
// Errors    malformed: usage, with the nearest option for a mistyped one.
// Threads   Pure function.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "cli/judge_certificate.hpp"

namespace mayfly::cli {

enum class ColourChoice : std::uint8_t { automatic, never };
enum class VerifyCertAction : std::uint8_t { verify, compare, batch, explain_codes, help, version };

struct VerifyCertArguments {
  VerifyCertAction action = VerifyCertAction::verify;
  std::string certificate;  // path, or "-"; of a batch: a folder, or "-"
  std::string other;        // compare: the second one
  std::optional<std::string> dataset;
  std::optional<UnixMillis> at;
  std::optional<std::string> log_policy;
  std::optional<std::string> log;
  std::optional<std::string> tsa_roots;
  std::optional<std::string> trace;
  std::optional<std::string> policy;  // path, or a built-in name
  ReportForm form = ReportForm::text;
  ColourChoice colour = ColourChoice::automatic;
};

Result<VerifyCertArguments> parse_verify_cert(std::span<const std::string_view> words);

extern const std::string_view verify_cert_help;

}  // namespace mayfly::cli
