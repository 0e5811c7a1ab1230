#include "certificate/assertions.hpp"

#include <gtest/gtest.h>

namespace mayfly::certificate {
namespace {

std::string verdict_of(std::string_view assertion, const std::optional<std::string>& value) {
  const auto parsed = parse_assertion(assertion);
  EXPECT_TRUE(parsed) << assertion << ": " << parsed.error().message();
  std::vector<Assertion> assertions = {*parsed};
  EXPECT_TRUE(judge(assertions, value));
  return assertions[0].verdict;
}

TEST(ParseAssertion, ReadsPathOperatorAndDecimal) {
  const auto assertion = parse_assertion("metrics.accuracy >= 0.950");
  ASSERT_TRUE(assertion) << assertion.error().message();
  EXPECT_EQ(assertion->name, "metrics.accuracy");
  EXPECT_EQ(assertion->op, ">=");
  EXPECT_EQ(assertion->value, "0.95");
  EXPECT_EQ(assertion->verdict, "unknown");
  EXPECT_EQ(parse_assertion("a==-0.0")->value, "0");
  EXPECT_EQ(parse_assertion("a<100")->value, "100");
  EXPECT_EQ(parse_assertion("a!=-1.50")->value, "-1.5");
}

TEST(ParseAssertion, RefusesEverythingElse) {
  for (const char* const text : {"",      "a",     "a>=",    ">=1",   "a=1",    "a=>1",   "a>=1e3",
                                 "a>=.5", "a>=1.", "a>=01",  "a>=+1", "a>=1 2", "a..b>1", ".a>1",
                                 "a.>1",  "a b>1", "a>=0x1", "a>==1", "a>=--1", "a\n>1",  "a<>1"}) {
    const auto assertion = parse_assertion(text);
    ASSERT_FALSE(assertion) << text;
    EXPECT_EQ(assertion.error().code(), ErrorCode::malformed) << text;
  }
}

TEST(ParseAssertion, HoldsItsBounds) {
  const std::string path(result_path_bytes_max, 'a');
  const std::string digits(decimal_bytes_max, '1');
  EXPECT_TRUE(parse_assertion(path + "==" + digits));
  EXPECT_EQ(parse_assertion(path + "a==1").error().code(), ErrorCode::limit);
  EXPECT_EQ(parse_assertion("a==" + digits + "1").error().code(), ErrorCode::limit);
}

TEST(Judge, ComparesDecimalsByTheirDigits) {
  const std::string value = R"({"a":0.1,"b":{"c":-2.5e-7},"d":1e+21,"e":0,"f":9007199254740991})";
  EXPECT_EQ(verdict_of("a==0.1", value), "true");
  // As doubles these two are equal.
  EXPECT_EQ(verdict_of("a==0.1000000000000000055511151231257827", value), "false");
  EXPECT_EQ(verdict_of("a<0.1000000000000000055511151231257827", value), "true");
  EXPECT_EQ(verdict_of("b.c==-0.00000025", value), "true");
  EXPECT_EQ(verdict_of("b.c<0", value), "true");
  EXPECT_EQ(verdict_of("b.c>-0.0000003", value), "true");
  EXPECT_EQ(verdict_of("d==1000000000000000000000", value), "true");
  EXPECT_EQ(verdict_of("d>999999999999999999999", value), "true");
  EXPECT_EQ(verdict_of("e==0", value), "true");
  EXPECT_EQ(verdict_of("e>-1", value), "true");
  EXPECT_EQ(verdict_of("e<0.001", value), "true");
  EXPECT_EQ(verdict_of("f<9007199254740991.5", value), "true");
  EXPECT_EQ(verdict_of("f!=9007199254740991", value), "false");
  EXPECT_EQ(verdict_of("f>=9007199254740991", value), "true");
  EXPECT_EQ(verdict_of("f<=9007199254740990", value), "false");
}

// Goal: the order is total and right. Method: all pairs of a rising list, by every operator.
TEST(Judge, OrdersEveryPairOfARisingList) {
  const std::vector<std::string> rising = {"-1000", "-10.5", "-10", "-1",  "-0.25", "0",
                                           "0.001", "0.25",  "1",   "9.9", "10",    "1000"};
  for (std::size_t i = 0; i < rising.size(); ++i) {
    for (std::size_t j = 0; j < rising.size(); ++j) {
      const std::string value = "{\"x\":" + rising[i] + "}";
      const auto expected = [](bool holds) { return holds ? "true" : "false"; };
      EXPECT_EQ(verdict_of("x==" + rising[j], value), expected(i == j));
      EXPECT_EQ(verdict_of("x!=" + rising[j], value), expected(i != j));
      EXPECT_EQ(verdict_of("x<" + rising[j], value), expected(i < j)) << value << rising[j];
      EXPECT_EQ(verdict_of("x<=" + rising[j], value), expected(i <= j));
      EXPECT_EQ(verdict_of("x>" + rising[j], value), expected(i > j));
      EXPECT_EQ(verdict_of("x>=" + rising[j], value), expected(i >= j));
    }
  }
}

TEST(Judge, IsUnknownWithoutSuchANumber) {
  EXPECT_EQ(verdict_of("a==1", std::nullopt), "unknown");
  EXPECT_EQ(verdict_of("a==1", "{}"), "unknown");
  EXPECT_EQ(verdict_of("a==1", R"({"a":"1"})"), "unknown");
  EXPECT_EQ(verdict_of("a==1", R"({"a":true})"), "unknown");
  EXPECT_EQ(verdict_of("a.b==1", R"({"a":1})"), "unknown");
  EXPECT_EQ(verdict_of("a==1", "[1]"), "unknown");
  EXPECT_EQ(verdict_of("a==1", "1"), "unknown");
}

TEST(Judge, RefusesAValueThatIsNotCanonical) {
  std::vector<Assertion> assertions = {*parse_assertion("a==1")};
  EXPECT_FALSE(judge(assertions, "{ }"));
  EXPECT_EQ(assertions[0].verdict, "unknown");
}

}  // namespace
}  // namespace mayfly::certificate
