#include "transparency/log_policy.hpp"

#include <gtest/gtest.h>

#include "base/file_io.hpp"
#include "tests/transparency/log_keys.hpp"

namespace mayfly::transparency {
namespace {

std::string log_key(const std::string& name) {
  return to_text(test::signer_of(name, KeyType::ed25519).key());
}
std::string witness_key(const std::string& name) {
  return to_text(test::signer_of(name, KeyType::cosignature_v1).key());
}

// The specification's example, with keys where it has "<vkey>".
LogPolicy example_policy() {
  std::string text(
      text_of(read_file(MAYFLY_VECTORS "/note/c2sp_tlog_policy_example.txt", 1 << 16).value()));
  text += text.ends_with('\n') ? "" : "\n";
  int number = 0;
  for (std::size_t at = 0; (at = text.find("<vkey>")) != text.npos; ++number) {
    const std::string name = "k" + std::to_string(number);
    text.replace(at, 6, number == 0 ? log_key(name) : witness_key(name));
  }
  const auto policy = parse_log_policy(bytes_of(text));
  EXPECT_TRUE(policy) << policy.error().message();
  return *policy;
}

TEST(LogPolicy, OfTheSpecificationIsReadAndMeansWhatItSays) {
  const LogPolicy policy = example_policy();
  EXPECT_EQ(policy.logs.size(), 1U);
  EXPECT_EQ(policy.witnesses.size(), 6U);
  EXPECT_TRUE(quorum_is_met(policy, {"X1", "X3", "Y2"}));
  EXPECT_TRUE(quorum_is_met(policy, {"X1", "X2", "X3", "Y1", "Y2", "Y3"}));
  EXPECT_FALSE(quorum_is_met(policy, {"X1", "Y1", "Y2", "Y3"}));
  EXPECT_FALSE(quorum_is_met(policy, {"X1", "X2", "X3"}));
  EXPECT_FALSE(quorum_is_met(policy, {}));
}

TEST(LogPolicy, OfNoQuorumIsAlwaysMet) {
  const auto policy = parse_log_policy(bytes_of("quorum none\n"));
  ASSERT_TRUE(policy);
  EXPECT_TRUE(quorum_is_met(*policy, {}));
}

TEST(LogPolicy, AllowsBlanksCommentsUrlsAndAnyOrder) {
  const std::string text = "# a comment\n\n\t log  " + log_key("l") + "\thttps://l.example/ \n" +
                           "  witness w\xC3\xA4 " + witness_key("w") + " http://127.0.0.1:1\n" +
                           "quorum w\xC3\xA4\n log " + log_key("m") + "\n";
  const auto policy = parse_log_policy(bytes_of(text));
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_EQ(policy->logs[0].url, "https://l.example/");
  EXPECT_EQ(policy->witnesses[0].url, "http://127.0.0.1:1");
  EXPECT_TRUE(quorum_is_met(*policy, {"w\xC3\xA4"}));
}

TEST(LogPolicy, RefusesWhatTheSpecificationForbids) {
  const std::string log = log_key("l");
  const std::string a = witness_key("a");
  const std::string b = witness_key("b");
  const std::string both = "witness a " + a + "\nwitness b " + b + "\n";
  VerifierKey renamed = parse_verifier_key(a).value();
  renamed.name = "other";
  for (const std::string& bad : std::vector<std::string>{
           std::string(),
           both,
           both + "quorum c\n",
           "quorum a\n" + both,
           both + "quorum a",
           both + "quorum a\nquorum a\n",
           both + "quorum\n",
           both + "quorum a b\n",
           "log " + log + "\nlog " + log + "\nquorum none\n",
           "log " + a + "\nquorum none\n",
           "log\nquorum none\n",
           "witness a " + log + "\nquorum a\n",
           "witness a " + a + "\nwitness a " + b + "\nquorum a\n",
           "witness a " + a + "\nwitness b " + to_text(renamed) + "\nquorum a\n",
           "witness none " + a + "\nquorum none\n",
           "witness a\nquorum none\n",
           both + "group g 0 a b\nquorum g\n",
           both + "group g 3 a b\nquorum g\n",
           both + "group g 01 a b\nquorum g\n",
           both + "group g 1\nquorum g\n",
           both + "group g some a b\nquorum g\n",
           both + "group g 1 a a\nquorum g\n",
           both + "group g any a\ngroup h any a b\nquorum h\n",
           both + "group g any g\nquorum g\n",
           both + "group a any b\nquorum a\n",
           both + "group g any none\nquorum g\n",
           both + "frobnicate\nquorum a\n",
           both + "quorum a\r\n",
           both + std::string("quorum a\0\n", 10),
           both + "quorum \x7f\n",
       }) {
    const auto policy = parse_log_policy(bytes_of(bad));
    ASSERT_FALSE(policy) << bad;
    EXPECT_EQ(policy.error().code(), ErrorCode::malformed);
  }
}

TEST(LogPolicy, HoldsItsBounds) {
  std::string text;
  for (std::size_t i = 0; i < log_policy_names_max; ++i) {
    text += "witness w" + std::to_string(i) + " " + witness_key("w") + "\n";
  }
  EXPECT_TRUE(parse_log_policy(bytes_of(text + "quorum none\n")));
  text += "witness last " + witness_key("w") + "\nquorum none\n";
  EXPECT_EQ(parse_log_policy(bytes_of(text)).error().code(), ErrorCode::limit);
  std::string comment = "quorum none\n#";
  comment.resize(log_policy_bytes_max - 1, 'x');
  EXPECT_TRUE(parse_log_policy(bytes_of(comment + "\n")));
  EXPECT_EQ(parse_log_policy(bytes_of(comment + "x\n")).error().code(), ErrorCode::limit);
}

}  // namespace
}  // namespace mayfly::transparency
