#include "verifier/report_line.hpp"

#include <algorithm>
#include <array>

#include "verifier/object_text.hpp"

namespace mayfly::verifier {
namespace {

constexpr std::string_view line_schema = "mayfly/verification-line/v1";
constexpr std::array codes_worst_first{70, 64, 2, 1, 3, 5, 4, 0};

std::vector<std::string> codes_that_matter(const Report& report) {
  std::vector<std::string> codes;
  for (const Finding& finding : report.findings) {
    const CodeMeaning& meaning = meaning_of(finding.code);
    if (meaning.effect != Effect::none) codes.emplace_back(meaning.name);
  }
  return codes;
}

std::string or_null(const Report& report, std::string Stated::* member) {
  return report.stated ? inert_json_string((*report.stated).*member) : std::string("null");
}

}  // namespace

ReportLine report_line(std::string_view input, const Report& report) {
  const Verdict verdict = report.verdict();
  ObjectText out;
  out.member("certificate_id", or_null(report, &Stated::certificate_id));
  out.member("claim_hash", or_null(report, &Stated::claim_hash));
  out.member("codes", array_text(codes_that_matter(report), inert_json_string));
  out.integer("exit_code", exit_code(verdict));
  out.string("input", input);
  out.string("log_trust", report.log_trust);
  out.string("schema", line_schema);
  out.string("selection", report.selection);
  out.string("verdict", to_string(verdict));
  return {.json = std::move(out).finish(), .exit_code = exit_code(verdict)};
}

ReportLine unread_line(std::string_view input, std::string_view error) {
  ObjectText out;
  out.string("error", error);
  out.integer("exit_code", exit_code_usage);
  out.string("input", input);
  out.string("schema", line_schema);
  return {.json = std::move(out).finish(), .exit_code = exit_code_usage};
}

int worse_exit_code(int a, int b) {
  return std::ranges::find(codes_worst_first, a) <= std::ranges::find(codes_worst_first, b) ? a : b;
}

}  // namespace mayfly::verifier
