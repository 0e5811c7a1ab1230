// Goal: a time is believed by the word of an authority that the policy names, and shown as nobody's
// word else. Method: real tokens of an authority of the test's own; tests/certificates has the
// refusals one by one.
#include "verifier/time_checks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "certificate/timestamps.hpp"
#include "tests/verifier/certificate_builder.hpp"
#include "tests/verifier/test_time_authority.hpp"
#include "verifier/report_json.hpp"
#include "verifier/report_text.hpp"
#include "verifier/verify.hpp"

namespace mayfly::verifier {
namespace {

using nlohmann::json;
using test::TestTimeAuthority;

constexpr UnixMillis far_away{4'000'000'000'000};
constexpr UnixMillis stamped_at{test::run_began_at.value + 30'000};

const TestTimeAuthority& authority() {
  static const TestTimeAuthority made("Time authority", 51, far_away);
  return made;
}

Bytes stamped() {
  const Bytes plain = build(test::Draft{});
  const auto decoded = certificate::decode_certificate(plain);
  return certificate::with_timestamp(*decoded, authority().token(plain, stamped_at)).value();
}

Policy policy_with(Expected<Required> token) {
  Policy policy = default_policy();
  policy.time = TimeRules{.authorities = authority().roots(), .token = std::move(token)};
  return policy;
}

Report judge(const Bytes& certificate, const Policy& policy) {
  return verify(certificate, policy, test::appraised_at, {});
}

bool has(const Report& report, Code code) {
  return std::ranges::find(report.findings, code, &Finding::code) != report.findings.end();
}

Grade grade_of_tokens(const Report& report) {
  return std::ranges::find(report.fields, std::string_view("proof.timestamps"), &GradedField::field)
      ->grade;
}

TEST(TimeOfACertificate, IsProvedByATokenOfATrustedAuthority) {
  const Report report = judge(stamped(), policy_with(Required{}));
  EXPECT_TRUE(has(report, Code::time_verified));
  ASSERT_TRUE(report.existed_before);
  EXPECT_GE(report.existed_before->value, stamped_at.value);
  EXPECT_LE(report.existed_before->value, stamped_at.value + 2'001) << "a second, and its doubt";
  EXPECT_EQ(report.appraised_at, *report.existed_before);
  EXPECT_EQ(grade_of_tokens(report), Grade::token_proved);
  const json time = json::parse(report_json(report)).at("time");
  EXPECT_EQ(time,
            (json{{"existed_before_ms", report.existed_before->value}, {"grade", "token-proved"}}));
  EXPECT_NE(report_text(report, Colour::none).find("token-proved"), std::string::npos);
}

TEST(TimeOfACertificate, IsItsIssuersWordUnderAPolicyThatNamesNoAuthority) {
  const Report report = judge(stamped(), default_policy());
  EXPECT_TRUE(has(report, Code::time_unverified));
  EXPECT_TRUE(has(report, Code::timestamps_not_checked));
  EXPECT_EQ(report.appraised_at, test::appraised_at);
  EXPECT_EQ(grade_of_tokens(report), Grade::self_reported);
  const json as_json = json::parse(report_json(report));
  EXPECT_EQ(as_json.at("time"), (json{{"existed_before_ms", nullptr}, {"grade", "self-reported"}}));
  const auto not_asked = as_json.at("policy").at("not_asked").get<std::vector<std::string>>();
  EXPECT_TRUE(std::ranges::any_of(
      not_asked, [](const std::string& line) { return line.starts_with("time: "); }));
  EXPECT_EQ(as_json.at("policy").at("weakenings"), json::array()) << "the default asks no more";
}

TEST(TimeOfACertificate, IsAskedForOnlyWhereThePolicyRequiresIt) {
  const Bytes without = build(test::Draft{});
  EXPECT_TRUE(has(judge(without, policy_with(Required{})), Code::timestamp_required));
  const Report report = judge(without, policy_with(Any{"old certificates have none"}));
  EXPECT_FALSE(has(report, Code::timestamp_required));
  EXPECT_EQ(grade_of_tokens(report), Grade::absent);
  const std::string line = "time.token: old certificates have none";
  EXPECT_EQ(std::ranges::count(report.not_asked, line), 1);
  EXPECT_TRUE(report.weakenings.empty()) << "the default asks for none at all";
}

TEST(TimeOfACertificate, IsNotThatOfATokenFromAfterTheAppraisal) {
  const UnixMillis long_before{stamped_at.value - 10 * clock_skew_ms_max};
  const Report report = verify(stamped(), policy_with(Required{}), long_before, {});
  EXPECT_TRUE(has(report, Code::timestamp_after_appraisal));
  EXPECT_FALSE(report.existed_before);
  EXPECT_EQ(report.appraised_at, long_before);
}

// Something existed then, and it was no certificate.
TEST(TimeOfACertificate, IsNotProvedForOneThatIsContradicted) {
  test::Draft draft;
  draft.statement.run.wipe.residue = 1;
  const Bytes plain = build(draft);
  const auto decoded = certificate::decode_certificate(plain);
  const Bytes certificate =
      certificate::with_timestamp(*decoded, authority().token(plain, stamped_at)).value();
  const Report report = judge(certificate, policy_with(Required{}));
  EXPECT_TRUE(has(report, Code::time_verified));
  EXPECT_EQ(report.verdict(), Verdict::contradicted);
  EXPECT_EQ(grade_of_tokens(report), Grade::self_reported);
  EXPECT_FALSE(report.existed_before);
}

}  // namespace
}  // namespace mayfly::verifier
