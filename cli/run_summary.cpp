#include "cli/run_summary.hpp"

#include <fmt/format.h>

#include "certificate/describe.hpp"
#include "certificate/disclosure.hpp"
#include "cli/json_text.hpp"
#include "cli/outcome_text.hpp"
#include "cli/quantities.hpp"
#include "executor/request.hpp"
#include "pipeline/utf8_text.hpp"

namespace mayfly::cli {
namespace {

constexpr std::size_t shown_value_max = 400;

std::string shown_result(const certificate::Claim& claim) {
  const certificate::ResultRecord& result = claim.result;
  if (certificate::may_withhold(claim, "result")) return "may be withheld: see mayfly disclose";
  if (!result.value) return fmt::format("{}, {}", show_bytes(result.size), result.media_type);
  return certificate::inert_text(*result.value, shown_value_max);
}

std::string assertion_lines(const std::vector<certificate::Assertion>& assertions) {
  std::string lines;
  for (const certificate::Assertion& one : assertions) {
    lines += fmt::format("asserted     {} {} {}: {}\n", one.name, one.op, one.value, one.verdict);
  }
  return lines;
}

// What the job printed, if it is text.
std::string output_json(const executor::RunReport& report) {
  const std::string_view output = text_of(report.stdout_bytes);
  return pipeline::is_utf8(output) ? json_text(output) : "null";
}

std::string where(const std::string& file) {
  if (file.empty()) return "";
  return file == "-" ? "\n             on standard output"
                     : "\n             in " + certificate::inert_text(file, shown_value_max);
}

}  // namespace

std::string run_summary_text(const pipeline::Certified& certified, const std::string& file) {
  const certificate::Claim& claim = certified.statement.claim;
  const certificate::Run& run = certified.statement.run;
  const auto reason = outcome_reason(certified);
  const std::string check = file.empty()
                                ? "mayfly verify " + certified.certificate_id
                                : "verify-cert " + certificate::inert_text(file, shown_value_max);
  return fmt::format(
             "\nresult       {}\n"
             "status       {}{} (exit code {}, {}, {} CPU, peak {})\n",
             shown_result(claim), claim.result.status, reason ? ": " + *reason : "",
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
             certified.claim_hash, certified.certificate_id, where(file), run.tee,
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
  const certificate::ResultRecord& result = claim.result;
  const auto reason = outcome_reason(certified);
  return fmt::format(
      "{{\"assertions\":[{}],\"certificate_id\":{},\"certificate_path\":{},\"claim_hash\":{},"
      "\"dataset_hash\":{},\"digest\":{},\"exit_code\":{},\"media_type\":{},\"output\":{},"
      "\"output_truncated\":{},\"reason\":{},\"result\":{},\"status\":{},\"tee\":{},"
      "\"wall_ms\":{}}}",
      assertions, json_text(certified.certificate_id), file.empty() ? "null" : json_text(file),
      json_text(certified.claim_hash), json_text(claim.dataset_hash),
      json_text(crypto::to_text(result.digest)), result.exit_code, json_text(result.media_type),
      output_json(certified.report), certified.statement.run.output_truncated,
      reason ? json_text(*reason) : "null", result.value ? *result.value : "null",
      json_text(result.status), json_text(certified.statement.run.tee),
      certified.statement.run.usage.wall_ms);
}

}  // namespace mayfly::cli
