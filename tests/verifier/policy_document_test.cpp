#include "verifier/policy_document.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/file_io.hpp"
#include "base/text_encoding.hpp"
#include "crypto/pem.hpp"
#include "tests/verifier/certificate_builder.hpp"

namespace mayfly::verifier {
namespace {

std::string example() {
  const Bytes bytes = *read_file(std::string(MAYFLY_SOURCE_DIR) + "/docs/examples/tdx-policy.json",
                                 policy_document_bytes_max);
  return std::string(text_of(bytes));
}

std::string refusal(std::string document, const std::string& from, const std::string& to) {
  test::replace_once(document, from, to);
  const auto policy = parse_policy(bytes_of(document));
  return policy ? "accepted" : policy.error().message();
}

TEST(PolicyDocument, ReadsEveryFieldOfTheExample) {
  const auto policy = parse_policy(bytes_of(example()));
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_EQ(policy->name, "one image");
  EXPECT_TRUE(policy->hash);
  EXPECT_TRUE(std::holds_alternative<Required>(policy->collateral));
  const attest::TdxPolicy& tdx = policy->tdx;
  const auto& measurements = std::get<std::vector<attest::TdMeasurement>>(tdx.measurements);
  ASSERT_EQ(measurements.size(), 1U);
  EXPECT_EQ(measurements[0].name, "image 2025-06");
  EXPECT_TRUE(std::holds_alternative<crypto::Sha384>(measurements[0].rtmr[2]));
  EXPECT_TRUE(std::holds_alternative<Any>(measurements[0].rtmr[3]));
  EXPECT_EQ(std::get<std::uint32_t>(tdx.evaluation_number_min), 17U);
  EXPECT_EQ(std::get<std::int64_t>(tdx.collateral_age_days_max), 30);
  EXPECT_EQ(tdx.tcb.statuses, std::vector{attest::TcbStatus::up_to_date});
  EXPECT_EQ(tdx.padding, attest::Padding::zeros_accepted);
  EXPECT_TRUE(std::holds_alternative<attest::SeptVeRequired>(tdx.sept_ve_disable));
  EXPECT_TRUE(std::holds_alternative<Any>(tdx.event_log));
  EXPECT_TRUE(std::holds_alternative<Any>(tdx.runtime_log));
}

TEST(PolicyDocument, NamesThePlaceOfEveryMistake) {
  const std::string document = example();
  EXPECT_NE(refusal(document, "\"UpToDate\"", "\"Revoked\"").find("tdx.tcb.statuses[0]"),
            std::string::npos);
  EXPECT_NE(refusal(document, "\"not used by this image\"", "\"\"").find("mr_config_id"),
            std::string::npos);
  EXPECT_NE(refusal(document, "mayfly/policy/v1", "mayfly/policy/v2").find("schema"),
            std::string::npos);
  EXPECT_NE(refusal(document, "\"padding\"", "\"paddings\"").find("paddings"), std::string::npos);
  EXPECT_NE(refusal(document, "\"none\"", "\"allowlisted\"").find("physical_access"),
            std::string::npos);
  EXPECT_NE(refusal(document, "30,", "3651,").find("collateral_age_days_max"), std::string::npos);
  EXPECT_EQ(refusal(document, "30,", "3650,"), "accepted");
  const std::string no_boot_log = R"({"any": "the values of RTMR0 to RTMR2 are listed"})";
  const auto boot_rule = [](const std::string& registers) {
    return R"({"payloads":"required","separators":"required","registers":)" + registers + "}";
  };
  EXPECT_EQ(refusal(document, no_boot_log, boot_rule("[0,1,2,3]")), "accepted");
  EXPECT_NE(refusal(document, no_boot_log, boot_rule("[0,1,4]")).find("tdx.event_log.registers[2]"),
            std::string::npos);
  EXPECT_NE(refusal(document, no_boot_log, boot_rule("[]")).find("tdx.event_log.registers"),
            std::string::npos);
  const std::string open_log = R"({"any": "this image does not extend RTMR3"})";
  EXPECT_EQ(refusal(document, open_log, R"([{"event":"a","payload":"00"}])"), "accepted");
  EXPECT_NE(refusal(document, open_log, R"([{"event":"a:b","payload":""}])")
                .find("tdx.runtime_log[0].event"),
            std::string::npos);
  EXPECT_NE(refusal(document, "[\"tdx\"]", "[\"simulated-tdx\"]").find("kinds[0]"),
            std::string::npos);
}

TEST(PolicyDocument, HasOneHashInEverySpelling) {
  const std::string document = example();
  std::string spread = document;
  test::replace_once(spread, "{", "{ \n\t");
  std::string changed = document;
  test::replace_once(changed, "17", "18");
  EXPECT_EQ(parse_policy(bytes_of(spread))->hash, parse_policy(bytes_of(document))->hash);
  EXPECT_NE(parse_policy(bytes_of(changed))->hash, parse_policy(bytes_of(document))->hash);
}

std::string with_time(const std::string& section) {
  std::string document = example();
  test::replace_once(document, "\"tdx\": {", "\"time\": " + section + ",\n  \"tdx\": {");
  return document;
}

std::string authority_of_sigstore() {
  const Bytes pem =
      *read_file(MAYFLY_VECTORS "/crypto/timestamp/with_certificate.roots.pem", 1 << 16);
  return base64_encode(crypto::split_pem_chain(pem, 4)->front());
}

TEST(PolicyDocument, NamesTimeStampingAuthoritiesOrNone) {
  EXPECT_TRUE(std::holds_alternative<Any>(parse_policy(bytes_of(example()))->time));
  const std::string authorities = R"({"authorities": [")" + authority_of_sigstore() + R"("], )";
  const auto required = parse_policy(bytes_of(with_time(authorities + R"("token": "required"})")));
  ASSERT_TRUE(required) << required.error().message();
  const auto& rules = std::get<TimeRules>(required->time);
  EXPECT_EQ(rules.authorities.certificates().size(), 1U);
  EXPECT_TRUE(std::holds_alternative<Required>(rules.token));
  const auto optional =
      parse_policy(bytes_of(with_time(authorities + R"("token": {"any": "some are old"}})")));
  ASSERT_TRUE(optional) << optional.error().message();
  EXPECT_TRUE(std::holds_alternative<Any>(std::get<TimeRules>(optional->time).token));
  const auto any = parse_policy(bytes_of(with_time(R"({"any": "times do not matter here"})")));
  ASSERT_TRUE(any) << any.error().message();
  EXPECT_EQ(std::get<Any>(any->time).reason, "times do not matter here");
}

TEST(PolicyDocument, RefusesATimeSectionThatNamesNobody) {
  const auto refused = [](const std::string& section) {
    const auto policy = parse_policy(bytes_of(with_time(section)));
    return policy ? "accepted" : policy.error().message();
  };
  const std::string token = R"("token": "required"})";
  EXPECT_NE(refused(R"({"authorities": [], )" + token).find("time.authorities"), std::string::npos);
  EXPECT_NE(refused(R"({"authorities": ["AAAA"], )" + token).find("time.authorities"),
            std::string::npos);
  EXPECT_NE(refused(R"({"authorities": ["?"], )" + token).find("time.authorities[0]"),
            std::string::npos);
  EXPECT_NE(refused("{" + token).find("authorities"), std::string::npos);
  EXPECT_NE(refused(R"({"authorities": [")" + authority_of_sigstore() + "\"]}").find("token"),
            std::string::npos);
}

TEST(PolicyDocument, BoundsTheSize) {
  std::string document = example();
  document.append(policy_document_bytes_max - document.size(), ' ');
  EXPECT_TRUE(parse_policy(bytes_of(document)));
  document += ' ';
  EXPECT_EQ(parse_policy(bytes_of(document)).error().code(), ErrorCode::limit);
}

}  // namespace
}  // namespace mayfly::verifier
