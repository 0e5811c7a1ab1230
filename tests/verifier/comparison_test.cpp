#include "verifier/comparison.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/verifier/certificate_builder.hpp"
#include "verifier/comparison_text.hpp"

namespace mayfly::verifier {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

Comparison compare_drafts(const test::Draft& a, const test::Draft& b) {
  return compare(test::build(a), test::build(b), default_policy(), test::appraised_at);
}

bool concerns(const Comparison& comparison, std::string_view path, Concern concern) {
  return std::ranges::any_of(comparison.differences, [&](const Difference& difference) {
    return difference.path == path && difference.concern == concern;
  });
}

TEST(Compare, TwoRunsOfOneClaimAreTheSameClaim) {
  test::Draft other;
  other.statement.run.nonce = {1, 2, 3};
  other.statement.run.usage.wall_ms += 5;
  const Comparison comparison = compare_drafts(test::Draft{}, other);
  EXPECT_EQ(comparison.outcome, Sameness::same_claim);
  EXPECT_EQ(exit_code(comparison.outcome), 0);
  EXPECT_TRUE(concerns(comparison, "statement.predicate.run.nonce", Concern::circumstances));
  for (const Difference& difference : comparison.differences) {
    EXPECT_THAT(difference.concern, testing::AnyOf(Concern::circumstances, Concern::evidence))
        << difference.path;
  }
}

TEST(Compare, ACertificateWithItselfIsTheSameCertificate) {
  EXPECT_EQ(compare_drafts(test::Draft{}, test::Draft{}).outcome, Sameness::same_certificate);
}

TEST(Compare, AnotherResultOfTheSameQuestionMatters) {
  test::Draft other;
  other.statement.claim.result.digest = crypto::sha256(bytes_of("another"));
  other.statement.claim.result.value.reset();
  other.statement.claim.result.media_type = "text/plain; charset=utf-8";
  for (auto& assertion : other.statement.claim.assertions) assertion.verdict = "unknown";
  const Comparison comparison = compare_drafts(test::Draft{}, other);
  EXPECT_EQ(comparison.outcome, Sameness::other_result);
  EXPECT_EQ(exit_code(comparison.outcome), 1);
  EXPECT_TRUE(concerns(comparison, "statement.predicate.claim.result.digest", Concern::answer));
}

TEST(Compare, AnotherEnvironmentWithTheSameResultIsSaidSo) {
  test::Draft other;
  other.statement.claim.files_used.root = crypto::sha256(bytes_of("another python"));
  const Comparison comparison = compare_drafts(test::Draft{}, other);
  EXPECT_EQ(comparison.outcome, Sameness::same_result);
  EXPECT_EQ(exit_code(comparison.outcome), 1);
  EXPECT_EQ(comparison.differences.front().concern, Concern::environment);
}

TEST(Compare, AnotherQuestionIsNotComparedByItsAnswer) {
  test::Draft other;
  other.statement.claim.limits.pids += 1;
  const Comparison comparison = compare_drafts(test::Draft{}, other);
  EXPECT_EQ(comparison.outcome, Sameness::other_question);
  EXPECT_EQ(exit_code(comparison.outcome), 3);
  EXPECT_EQ(comparison.differences.front().concern, Concern::question);
}

TEST(Compare, NothingThatContradictsItselfIsCompared) {
  const Bytes valid = test::build(test::Draft{});
  test::Draft residue;
  residue.statement.run.wipe.residue = 1;
  for (const Bytes& other : {Bytes{'{', '}'}, test::build(residue)}) {
    const Comparison comparison = compare(valid, other, default_policy(), test::appraised_at);
    EXPECT_EQ(comparison.outcome, Sameness::not_comparable);
    EXPECT_EQ(exit_code(comparison.outcome), 2);
    EXPECT_TRUE(comparison.differences.empty());
  }
}

TEST(Compare, PrintsOneObjectWithTheExitCodeOfItsOutcome) {
  test::Draft other;
  other.statement.claim.limits.pids += 1;
  const Comparison comparison = compare_drafts(test::Draft{}, other);
  const json printed = json::parse(comparison_json(comparison));
  EXPECT_EQ(printed.at("outcome"), "other-question");
  EXPECT_EQ(printed.at("exit_code"), 3);
  EXPECT_EQ(printed.at("schema"), "mayfly/comparison/v1");
  EXPECT_EQ(printed.at("a").at("exit_code"), 5);
  EXPECT_EQ(printed.at("differences").size(), comparison.differences.size());
}

TEST(Compare, ShowsNothingThatATerminalObeys) {
  test::Draft other;
  const std::string hostile = "\x1b[2J\u202e<b>";
  other.statement.claim.execution.tool_uses->front().tool = hostile;
  const Comparison comparison = compare_drafts(test::Draft{}, other);
  for (const std::string& text : {comparison_text(comparison), comparison_json(comparison)}) {
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(text, Not(HasSubstr("\u202e")));
  }
}

}  // namespace
}  // namespace mayfly::verifier
