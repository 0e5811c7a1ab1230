#include "verifier/explain_text.hpp"

#include <algorithm>
#include <array>

#include "verifier/inert_text.hpp"
#include "verifier/report_text.hpp"

namespace mayfly::verifier {
namespace {

constexpr std::array<std::string_view, stage_count> questions{
    "Is it one JSON document, in the one spelling that can be hashed?",
    "Is every member known, present and of its type?",
    "Are the id and all hashes those of its own bytes?",
    "Is it about the data that you hold?",
    "Is it signed by the key that it names?",
    "Did genuine hardware sign the quote?",
    "Was that quote made for this statement, key and nonce?",
    "Does the policy know the code that the hardware measured?",
    "Was the hardware's firmware in order, and nobody able to debug it?",
    "Did everything happen in order, and was the data destroyed?",
    "Was the run announced and ended in a log that cannot be rewritten?",
    "Who besides the log's operator saw that log?",
    "When did it happen, by more than its own word?",
    "How often was this tried on the data?",
    "Has anything that it relies on been revoked?",
    "Do values shown beside it belong to it?",
    "Is that all that you asked for?"};

std::string_view consequence(Effect effect) {
  switch (effect) {
    case Effect::none: return "This changes no verdict.";
    case Effect::refused: return "The verdict can be no better than: refused by policy (4).";
    case Effect::inconclusive: return "The verdict can be no better than: inconclusive (3).";
    case Effect::unattested:
      return "The verdict can be no better than: consistent, not hardware-attested (5).";
    case Effect::contradicted: return "The verdict can be no better than: contradicted (1).";
    case Effect::malformed: return "The verdict is: malformed (2).";
    case Effect::internal: return "Nothing was judged (70).";
  }
  return "";
}

std::string meaning_lines(const CodeMeaning& meaning, std::string_view detail) {
  std::string out = "    " + std::string(to_string(meaning.state)) + " " +
                    std::string(meaning.name) + ": " + std::string(meaning.sentence);
  if (!detail.empty()) out += " [" + inert_text(detail, shown_bytes_max) + "]";
  out += "\n      " + std::string(consequence(meaning.effect)) + "\n";
  if (!meaning.next.empty()) out += "      To do: " + std::string(meaning.next) + "\n";
  return out;
}

std::string stage_line(Stage stage) {
  return "  " + std::string(to_string(stage)) + ": " +
         std::string(questions[static_cast<std::size_t>(stage)]) + "\n";
}

std::string_view meaning_of(Grade grade) {
  switch (grade) {
    case Grade::hardware_bound: return "measured by code that genuine hardware vouches for";
    case Grade::log_proved: return "anyone can count it again over the log";
    case Grade::token_proved: return "a time-stamping authority that the policy trusts says it";
    case Grade::self_reported: return "the word of whoever ran the job";
    case Grade::named_only: return "a name: nothing under it was measured";
    case Grade::absent: return "nothing is said";
  }
  return "";
}

constexpr std::array grades{Grade::hardware_bound, Grade::log_proved, Grade::token_proved,
                            Grade::self_reported,  Grade::named_only, Grade::absent};

void add_grades(std::string& out, const Report& report) {
  if (report.fields.empty()) return;
  out += "\nHow far each part is to be believed\n";
  for (const Grade grade : grades) {
    std::string names;
    for (const GradedField& field : report.fields) {
      if (field.grade == grade) names += "\n    " + std::string(field.field);
    }
    if (names.empty()) continue;
    out +=
        "  " + std::string(to_string(grade)) + ": " + std::string(meaning_of(grade)) + names + "\n";
  }
}

}  // namespace

std::string explain_text(const Report& report) {
  std::string out = "\nWhat each check asks\n";
  Stage stage = Stage::parse;
  bool is_first = true;
  for (const Finding& finding : report.findings) {
    if (is_first || finding.stage != stage) out += stage_line(finding.stage);
    is_first = false;
    stage = finding.stage;
    out += meaning_lines(meaning_of(finding.code), finding.detail);
  }
  add_grades(out, report);
  return out;
}

std::string codes_text() {
  std::string out = "What can be found, check by check\n";
  for (std::size_t i = 0; i < stage_count; ++i) {
    const auto stage = static_cast<Stage>(i);
    out += stage_line(stage);
    for (const CodeMeaning& meaning : all_code_meanings()) {
      if (meaning.stage == stage) out += meaning_lines(meaning, "");
    }
  }
  return out;
}

}  // namespace mayfly::verifier
