#include "verifier/report_text.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "verifier/inert_text.hpp"
#include "verifier/text_layout.hpp"

namespace mayfly::verifier {
namespace {

constexpr std::string_view reset = "\x1b[0m";
constexpr std::string_view bold_red = "\x1b[1;31m";
constexpr std::string_view bold_green = "\x1b[1;32m";
constexpr std::string_view bold_yellow = "\x1b[1;33m";
constexpr std::string_view dim = "\x1b[2m";

std::string_view colour_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::verified: return bold_green;
    case Verdict::contradicted:
    case Verdict::malformed:
    case Verdict::internal: return bold_red;
    case Verdict::inconclusive:
    case Verdict::refused:
    case Verdict::unattested: return bold_yellow;
  }
  return bold_red;
}

std::string_view colour_of(const CodeMeaning& meaning) {
  if (meaning.effect >= Effect::contradicted) {
    return bold_red;
  }
  if (meaning.effect != Effect::none) {
    return bold_yellow;
  }
  return meaning.state == State::pass ? "" : dim;
}

std::string painted(std::string text, std::string_view with, Colour colour) {
  if (colour == Colour::none || with.empty()) {
    return text;
  }
  return std::string(with) + text + std::string(reset);
}

void add_fact(std::string& out, std::string_view label, std::string_view text) {
  out += "  " + padded(label, 13) + inert_text(text, shown_bytes_max) + "\n";
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : " ") + word;
  }
  return text;
}

void add_stated(std::string& out, const Stated& stated) {
  out += "\nWhat the certificate says\n";
  add_fact(out, "result",
           stated.result_status + ", exit code " + std::to_string(stated.result_exit_code) + ", " +
               std::to_string(stated.result_bytes) + " bytes of " + stated.result_media_type);
  if (stated.result_value) {
    add_fact(out, "value", *stated.result_value);
  }
  if (stated.result_withheld) {
    add_fact(out, "WITHHELD", "the result: the digest is a salted one, and not of its bytes alone");
  }
  if (stated.result_truncated) {
    add_fact(out, "CUT", "the job printed more; these bytes and this digest are its first part");
  }
  add_fact(out, "digest", stated.result_digest);
  for (const std::string& assertion : stated.assertions) {
    add_fact(out, "assertion", assertion);
  }
  add_fact(out, "of running", joined(stated.command));
  add_fact(out, "sandbox", stated.sandbox_hash);
  add_fact(out, "over dataset", stated.dataset_hash);
  add_fact(out, "",
           std::to_string(stated.dataset_bytes) + " bytes, format " + stated.dataset_format);
  add_fact(out, "attempt", stated.attempt);
  add_fact(out, "made at", to_rfc3339(stated.issued_at) + " by its own " + stated.time_source);
  add_fact(out, "TEE", stated.tee + ", assurance " + stated.assurance);
  add_fact(out, "claim", stated.claim_hash);
  add_fact(out, "certificate", stated.certificate_id);
}

std::vector<Finding> worst_first(const std::vector<Finding>& findings) {
  const auto goodness = [](const Finding& finding) {
    const CodeMeaning& meaning = meaning_of(finding.code);
    constexpr std::array by_state{3, 0, 2, 1};  // pass, fail, skip, unknown
    return std::pair(-static_cast<int>(meaning.effect),
                     by_state[static_cast<std::size_t>(meaning.state)]);
  };
  // A sorted list of keys that end in the position is stable by itself.
  std::vector<std::pair<std::pair<int, int>, std::size_t>> order;
  order.reserve(findings.size());
  for (std::size_t i = 0; i < findings.size(); ++i) {
    order.emplace_back(goodness(findings[i]), i);
  }
  std::ranges::sort(order);
  std::vector<Finding> sorted;
  sorted.reserve(findings.size());
  for (const auto& [key, position] : order) {
    sorted.push_back(findings[position]);
  }
  return sorted;
}

void add_checks(std::string& out, const std::vector<Finding>& findings, Colour colour) {
  out += "\nChecks, worst first\n";
  for (const Finding& finding : findings) {
    const CodeMeaning& meaning = meaning_of(finding.code);
    const std::string state =
        meaning.state == State::fail ? "FAIL" : std::string(to_string(meaning.state));
    out += "  " + painted(padded(state, 8), colour_of(meaning), colour) +
           padded(to_string(finding.stage), 13) + std::string(meaning.sentence);
    if (!finding.detail.empty()) {
      out += " [" + inert_text(finding.detail, shown_bytes_max) + "]";
    }
    out += " (" + std::string(meaning.name) + ")\n";
  }
}

void add_next_steps(std::string& out, const std::vector<Finding>& findings) {
  std::vector<std::string_view> steps;
  for (const Finding& finding : findings) {
    const std::string_view next = meaning_of(finding.code).next;
    if (!next.empty() && std::ranges::find(steps, next) == steps.end()) {
      steps.push_back(next);
    }
  }
  if (steps.empty()) {
    return;
  }
  out += "\nWhat to do next\n";
  for (const std::string_view step : steps) {
    out += "  - " + std::string(step) + "\n";
  }
}

}  // namespace

std::string report_text(const Report& report, Colour colour) {
  const Verdict verdict = report.verdict();
  std::string out = painted(upper(to_string(verdict)), colour_of(verdict), colour) +
                    "  (exit code " + std::to_string(exit_code(verdict)) + ")\n" +
                    std::string(explain(verdict)) + "\n";
  if (report.stated) {
    add_stated(out, *report.stated);
    add_fact(out, "selection", report.selection + ", log: " + report.log_trust);
    add_fact(out, "existed",
             report.existed_before
                 ? "before " + to_rfc3339(*report.existed_before) + ", token-proved"
                 : "when its issuer says, self-reported");
    add_fact(out, "shown", report.shown);
  }
  out += "\nJudged\n";
  add_fact(out, "as of", to_rfc3339(report.appraised_at));
  add_fact(out, "by policy", report.policy);
  for (const std::string& weakening : report.weakenings) {
    add_fact(out, "weakened", weakening);
  }
  for (const TimeAnswer& answer : report.answers) {
    add_fact(out, answer.name == "now" ? "now" : "at issue",
             std::string(answer.is_valid ? "valid" : "NOT valid") + " as of " +
                 to_rfc3339(answer.at) +
                 (answer.name == "now" ? "" : ", the time that the certificate states") +
                 (answer.why.empty() ? "" : ": " + joined(answer.why)));
  }
  const std::vector<Finding> findings = worst_first(report.findings);
  add_checks(out, findings, colour);
  add_next_steps(out, findings);
  return out;
}

}  // namespace mayfly::verifier
