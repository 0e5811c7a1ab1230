// Goal: no field looks better than what stands behind it. Method: every code there is, beside a
// perfect certificate's.
#include "verifier/field_grades.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/verifier/certificate_builder.hpp"
#include "tests/verifier/logged_draft.hpp"
#include "verifier/ear.hpp"
#include "verifier/verify.hpp"

namespace mayfly::verifier {
namespace {

using nlohmann::json;
using testing::AnyOf;

std::vector<Finding> all_passing() {
  std::vector<Finding> findings;
  for (const CodeMeaning& meaning : all_code_meanings()) {
    if (meaning.state == State::pass) findings.push_back(found(meaning.code));
  }
  return findings;
}

Policy policy_with_a_measurement() {
  Policy policy = default_policy();
  policy.tdx.measurements = std::vector<attest::TdMeasurement>{};
  return policy;
}

std::map<std::string, Grade> grades_of(const certificate::Statement& statement,
                                       std::span<const Finding> findings,
                                       const Policy& policy = policy_with_a_measurement()) {
  std::map<std::string, Grade> grades;
  for (const GradedField& each : grade_fields(statement, findings, policy)) {
    grades.emplace(each.field, each.grade);
  }
  return grades;
}

bool has_hardware_bound(const std::map<std::string, Grade>& grades) {
  return std::ranges::any_of(grades,
                             [](const auto& each) { return each.second == Grade::hardware_bound; });
}

TEST(FieldGrades, AreHardwareBoundWhenAKnownEnvironmentMeasuredThem) {
  const auto grades = grades_of(test::valid_statement(), all_passing());
  EXPECT_EQ(grades.at("claim.result"), Grade::hardware_bound);
  EXPECT_EQ(grades.at("claim.sandbox"), Grade::hardware_bound);
  EXPECT_EQ(grades.at("run.lifecycle"), Grade::self_reported);  // the host's clock
}

TEST(FieldGrades, AreNeverHardwareBoundWhenACodeSaysThatHardwareDoesNotStand) {
  for (const CodeMeaning& meaning : all_code_meanings()) {
    if (meaning.effect < Effect::unattested) continue;
    auto findings = all_passing();
    findings.push_back(found(meaning.code));
    EXPECT_FALSE(has_hardware_bound(grades_of(test::valid_statement(), findings))) << meaning.name;
  }
}

TEST(FieldGrades, NeedEachOfTheProofsPasses) {
  for (const Code code : {Code::quote_chain_ok, Code::report_data_ok, Code::measurement_accepted,
                          Code::signature_ok, Code::td_not_debug}) {
    auto findings = all_passing();
    std::erase_if(findings, [code](const Finding& finding) { return finding.code == code; });
    EXPECT_FALSE(has_hardware_bound(grades_of(test::valid_statement(), findings)))
        << meaning_of(code).name;
  }
}

TEST(FieldGrades, AreTheMachinesWordUnderAPolicyThatKnowsNoEnvironment) {
  EXPECT_FALSE(
      has_hardware_bound(grades_of(test::valid_statement(), all_passing(), genuine_policy())));
}

TEST(FieldGrades, OfASimulatedCertificateAreSelfReported) {
  const Report report =
      verify(test::build(test::Draft{}), policy_with_a_measurement(), test::appraised_at, {});
  ASSERT_FALSE(report.fields.empty());
  for (const GradedField& each : report.fields) {
    EXPECT_NE(each.grade, Grade::hardware_bound) << each.field;
  }
}

TEST(FieldGrades, SayWhatIsLoggedNamedOrNotSaid) {
  certificate::Statement statement = test::valid_statement();
  statement.claim.models = {"claude"};
  statement.claim.execution.file_ops.reset();
  statement.run.nonce.clear();
  const auto grades = grades_of(statement, all_passing());
  EXPECT_EQ(grades.at("claim.models"), Grade::named_only);
  EXPECT_EQ(grades.at("claim.execution.file_ops"), Grade::absent);
  EXPECT_EQ(grades.at("run.nonce"), Grade::absent);
  const Report logged =
      verify(test::build(test::logged_draft()), default_policy(), test::appraised_at, {});
  const auto attempt =
      std::ranges::find(logged.fields, std::string_view("run.attempt"), &GradedField::field);
  EXPECT_EQ(attempt->grade, Grade::log_proved);
}

TEST(FieldGrades, AreSortedByField) {
  const auto fields = grade_fields(test::valid_statement(), all_passing(), default_policy());
  EXPECT_TRUE(std::ranges::is_sorted(fields, {}, &GradedField::field));
}

// ---- EAR

json ear_of(std::vector<Finding> findings) {
  Report report{.appraised_at = {1'772'366'460'000},
                .policy = "default",
                .policy_hash = std::nullopt,
                .weakenings = {},
                .not_asked = {},
                .stated = std::nullopt,
                .findings = std::move(findings),
                .environment_is_asked_for = true};
  return json::parse(ear_json(report));
}

json module_of(const json& ear) {
  return ear.at("submods").at("mayfly");
}

TEST(Ear, HasTheMembersOfThePublishedExample) {
  std::ifstream file(MAYFLY_VECTORS "/certificate/ear/ear-claims-tv-ok.json");
  json example = json::parse(file);
  example.erase("ear.raw-evidence");
  const json ear = ear_of(all_passing());
  EXPECT_EQ(ear.at("eat_profile"), example.at("eat_profile"));
  for (const auto& [name, value] : example.items()) {
    ASSERT_TRUE(ear.contains(name)) << name;
    EXPECT_EQ(ear.at(name).type(), value.type()) << name;
  }
  EXPECT_EQ(ear.at("ear.verifier-id").size(), example.at("ear.verifier-id").size());
  const json vector = module_of(ear).at("ear.trustworthiness-vector");
  const json known = example.at("submods").at("test").at("ear.trustworthiness-vector");
  for (const auto& [name, value] : vector.items()) {
    EXPECT_TRUE(known.contains(name)) << name;
    EXPECT_EQ(value, 2) << name;
  }
  EXPECT_EQ(module_of(ear).at("ear.status"), "affirming");
}

// The status is that of the verdict or worse, and never better than any claim of the vector.
TEST(Ear, IsAffirmingOnlyForAVerifiedCertificate) {
  for (const CodeMeaning& meaning : all_code_meanings()) {
    auto findings = all_passing();
    findings.push_back(found(meaning.code));
    const json module = module_of(ear_of(findings));
    EXPECT_EQ(module.at("ear.status") == "affirming", verdict_of(findings) == Verdict::verified)
        << meaning.name;
  }
  const json simulated = module_of(ear_of({found(Code::quote_simulated)}));
  EXPECT_EQ(simulated.at("ear.status"), "contraindicated");
  EXPECT_EQ(simulated.at("ear.trustworthiness-vector").at("hardware"), 97);
}

TEST(Ear, SaysNothingOfExecutablesThatThePolicyDoesNotList) {
  Report report = verify(test::build(test::Draft{}), genuine_policy(), test::appraised_at, {});
  report.findings = all_passing();
  const json module = module_of(json::parse(ear_json(report)));
  EXPECT_FALSE(module.at("ear.trustworthiness-vector").contains("executables"));
}

}  // namespace
}  // namespace mayfly::verifier
