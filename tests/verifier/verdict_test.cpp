#include "verifier/verdict.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

namespace mayfly::verifier {
namespace {

// One pass for each stage that has a passing code: what a perfect certificate would show.
std::vector<Finding> all_codes_passing() {
  std::vector<Finding> findings;
  for (const CodeMeaning& meaning : all_code_meanings()) {
    if (meaning.state == State::pass) {
      findings.push_back(found(meaning.code));
    }
  }
  return findings;
}

TEST(Codes, HaveUniqueKebabCaseNamesAndPlainSentences) {
  std::set<std::string_view> names;
  for (const CodeMeaning& meaning : all_code_meanings()) {
    EXPECT_TRUE(names.insert(meaning.name).second) << meaning.name;
    EXPECT_TRUE(std::ranges::all_of(meaning.name, [](char c) {
      return (c >= 'a' && c <= 'z') || c == '-';
    })) << meaning.name;
    EXPECT_TRUE(meaning.sentence.ends_with('.')) << meaning.name;
    EXPECT_EQ(found(meaning.code).stage, meaning.stage);
  }
}

TEST(Codes, SayWhatToDoNextWheneverTheyChangeTheVerdict) {
  for (const CodeMeaning& meaning : all_code_meanings()) {
    if (meaning.effect != Effect::none && meaning.code != Code::policy_not_met) {
      EXPECT_FALSE(meaning.next.empty()) << meaning.name;
    }
  }
}

TEST(Codes, ThatPassNeverHarmAndThatHarmNeverPass) {
  for (const CodeMeaning& meaning : all_code_meanings()) {
    EXPECT_FALSE(meaning.state == State::pass && meaning.effect != Effect::none) << meaning.name;
    EXPECT_FALSE(meaning.state == State::fail && meaning.effect == Effect::none) << meaning.name;
    EXPECT_FALSE(meaning.state == State::skip && meaning.effect != Effect::none) << meaning.name;
  }
}

// What this format cannot show must never look as if it did; of time, a trusted token shows it.
TEST(Codes, OfTimeNeverPassButForATrustedToken) {
  for (const CodeMeaning& meaning : all_code_meanings()) {
    if (meaning.code == Code::time_verified) continue;
    if (meaning.stage == Stage::time) {
      EXPECT_NE(meaning.state, State::pass) << meaning.name;
    }
  }
}

TEST(Codes, OfDisclosuresPassOnlyForWhatWasLookedAt) {
  std::set<std::string_view> passing;
  for (const CodeMeaning& meaning : all_code_meanings()) {
    if (meaning.stage == Stage::disclosures && meaning.state == State::pass) {
      passing.insert(meaning.name);
    }
  }
  EXPECT_EQ(passing, (std::set<std::string_view>{"events-shown", "result-shown", "trace-matches"}));
}

TEST(Verdict, OfNothingIsInconclusive) {
  EXPECT_EQ(verdict_of({}), Verdict::inconclusive);
}

TEST(Verdict, OfAllPassesIsVerified) {
  EXPECT_EQ(verdict_of(all_codes_passing()), Verdict::verified);
}

TEST(Verdict, IsNeverVerifiedWhenAStageOfTheProofDoesNotPass) {
  for (const Stage stage :
       {Stage::parse, Stage::schema, Stage::ids, Stage::signature, Stage::quote, Stage::report_data,
        Stage::measurement, Stage::tcb, Stage::lifecycle, Stage::policy}) {
    auto findings = all_codes_passing();
    std::erase_if(findings, [stage](const Finding& finding) { return finding.stage == stage; });
    EXPECT_EQ(verdict_of(findings), Verdict::inconclusive) << to_string(stage);
  }
}

TEST(Verdict, IsNeverUnattestedOrRefusedWhenConsistencyIsNotShown) {
  for (const Code worst : {Code::quote_simulated, Code::measurement_unknown}) {
    for (const Stage stage : {Stage::parse, Stage::schema, Stage::ids, Stage::signature,
                              Stage::report_data, Stage::lifecycle}) {
      auto findings = all_codes_passing();
      std::erase_if(findings, [stage](const Finding& finding) { return finding.stage == stage; });
      findings.push_back(found(worst));
      EXPECT_EQ(verdict_of(findings), Verdict::inconclusive) << to_string(stage);
    }
  }
}

Verdict alone(Effect effect) {
  switch (effect) {
    case Effect::none: return Verdict::verified;
    case Effect::refused: return Verdict::refused;
    case Effect::inconclusive: return Verdict::inconclusive;
    case Effect::unattested: return Verdict::unattested;
    case Effect::contradicted: return Verdict::contradicted;
    case Effect::malformed: return Verdict::malformed;
    case Effect::internal: return Verdict::internal;
  }
  return Verdict::internal;
}

TEST(Verdict, FollowsTheStrongerOfEveryPairOfCodes) {
  for (const CodeMeaning& a : all_code_meanings()) {
    for (const CodeMeaning& b : all_code_meanings()) {
      auto findings = all_codes_passing();
      findings.push_back(found(a.code));
      findings.push_back(found(b.code));
      EXPECT_EQ(verdict_of(findings), alone(std::max(a.effect, b.effect)))
          << a.name << " and " << b.name;
    }
  }
}

// More material could only tell more of a machine that nothing vouches for.
TEST(Verdict, OfWhatNoHardwareVouchesForIsThatAlsoWhenMaterialIsMissing) {
  for (const Code missing :
       {Code::tcb_not_evaluated, Code::timestamp_after_appraisal, Code::log_missing}) {
    auto findings = all_codes_passing();
    findings.push_back(found(missing));
    EXPECT_EQ(verdict_of(findings), Verdict::inconclusive) << found(missing).detail;
    findings.push_back(found(Code::quote_simulated));
    EXPECT_EQ(verdict_of(findings), Verdict::unattested) << found(missing).detail;
  }
}

TEST(Verdict, HasTheDocumentedExitCodes) {
  EXPECT_EQ(exit_code(Verdict::verified), 0);
  EXPECT_EQ(exit_code(Verdict::contradicted), 1);
  EXPECT_EQ(exit_code(Verdict::malformed), 2);
  EXPECT_EQ(exit_code(Verdict::inconclusive), 3);
  EXPECT_EQ(exit_code(Verdict::refused), 4);
  EXPECT_EQ(exit_code(Verdict::unattested), 5);
  EXPECT_EQ(exit_code_usage, 64);
  EXPECT_EQ(exit_code(Verdict::internal), 70);
}

}  // namespace
}  // namespace mayfly::verifier
