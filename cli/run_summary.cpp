#include "cli/run_summary.hpp"

#include <fmt/core.h>

#include "base/file_io.hpp"
#include "certificate/describe.hpp"
#include "cli/json_text.hpp"
#include "cli/quantities.hpp"
#include "executor/request.hpp"

namespace mayfly::cli {
namespace {

constexpr std::size_t shown_value_max = 400;

std::string shown_result(const certificate::ResultRecord& result) {
  if (!result.value) return fmt::format("{}, {}", show_bytes(result.size), result.media_type);
  return certificate::inert_text(*result.value, shown_value_max);
}

std::string why(const executor::Outcome& outcome) {
  if (const auto* denied = std::get_if<executor::Denied>(&outcome)) {
    return ": " + certificate::inert_text(denied->what, shown_value_max);
  }
  if (const auto* not_started = std::get_if<executor::NotStarted>(&outcome)) {
    return ": " + certificate::inert_text(not_started->why, shown_value_max);
  }
  return "";
}

std::string assertion_lines(const std::vector<certificate::Assertion>& assertions) {
  std::string lines;
  for (const certificate::Assertion& one : assertions) {
    lines += fmt::format("asserted     {} {} {}: {}\n", one.name, one.op, one.value, one.verdict);
  }
  return lines;
}

}  // namespace

std::string run_summary_text(const pipeline::Certified& certified, const std::string& file) {
  const certificate::Claim& claim = certified.statement.claim;
  const certificate::Run& run = certified.statement.run;
  const std::string check =
      file.empty() ? "mayfly verify " + certified.certificate_id : "verify-cert " + file;
  return fmt::format(
             "\nresult       {}\n"
             "status       {}{} (exit code {}, {}, {} CPU, peak {})\n",
             shown_result(claim.result), claim.result.status, why(certified.report.outcome),
             claim.result.exit_code, show_duration_ms(run.usage.wall_ms),
             show_duration_ms(run.usage.cpu_ms), show_bytes(run.usage.peak_memory_bytes)) +
         assertion_lines(claim.assertions) +
         fmt::format(
             "dataset      {} ({}), destroyed: {} traces left\n"
             "claim        {}\n"
             "certificate  {}{}\n"
             "attested by  {}{}\n"
             "check it     {}\n",
             claim.dataset_hash, show_bytes(claim.dataset_bytes), run.wipe.residue,
             certified.claim_hash, certified.certificate_id,
             file.empty() ? "" : "\n             in " + file, run.tee,
             run.tee.starts_with("simulated") ? " (no hardware stands behind this)" : "", check);
}

std::string cut_warning(const pipeline::Certified& certified) {
  const certificate::Claim& claim = certified.statement.claim;
  const std::int64_t printed = certified.statement.run.usage.stdout_bytes;
  if (!claim.result.truncated) return "";
  const std::string way_out = printed > executor::limit_output_bytes_max
                                  ? "Print less."
                                  : fmt::format("Print less, or give --limits output={}.", printed);
  return fmt::format(
      "mayfly: warning: the job printed {}, of which the first {} are recorded: the certificate is "
      "about these, says so, has no value and judges no assertion. {}\n",
      show_bytes(printed), show_bytes(claim.limits.output_bytes), way_out);
}

std::string run_summary_json(const pipeline::Certified& certified, const std::string& file) {
  const certificate::Claim& claim = certified.statement.claim;
  std::string assertions;
  for (const certificate::Assertion& one : claim.assertions) {
    assertions += fmt::format("{}{{\"name\":{},\"op\":{},\"value\":{},\"verdict\":{}}}",
                              assertions.empty() ? "" : ",", json_text(one.name), json_text(one.op),
                              json_text(one.value), json_text(one.verdict));
  }
  return fmt::format(
      "{{\"assertions\":[{}],\"certificate_id\":{},\"certificate_path\":{},\"claim_hash\":{},"
      "\"dataset_hash\":{},\"exit_code\":{},\"result\":{},\"status\":{},\"tee\":{},"
      "\"truncated\":{},\"wall_ms\":{}}}",
      assertions, json_text(certified.certificate_id), file.empty() ? "null" : json_text(file),
      json_text(certified.claim_hash), json_text(claim.dataset_hash), claim.result.exit_code,
      claim.result.value ? *claim.result.value : "null", json_text(claim.result.status),
      json_text(certified.statement.run.tee), claim.result.truncated,
      certified.statement.run.usage.wall_ms);
}

Result<void> write_trace(const std::string& path, const pipeline::Certified& certified) {
  std::string text;
  for (const std::string& line : certified.trace_lines) text += line + "\n";
  return write_file(path, bytes_of(text));
}

}  // namespace mayfly::cli
