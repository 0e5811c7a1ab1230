#include "certificate/json_number.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <fstream>

#include <gtest/gtest.h>

#include "crypto/sha2.hpp"

namespace mayfly::certificate {
namespace {

NumberReading reading_of(std::string_view token) {
  std::string out;
  return append_canonical_number(out, token);
}
std::string canonical(std::string_view token) {
  std::string out;
  EXPECT_EQ(append_canonical_number(out, token), NumberReading::exact) << token;
  return out;
}

// Goal: our spelling is ECMAScript's. Method: every published value, from its bits.
TEST(ToEs6, WritesEveryPublishedValue) {
  std::ifstream file(MAYFLY_VECTORS "/certificate/jcs/es6/es6testfile_10k.txt");
  std::string line;
  int lines = 0;
  while (std::getline(file, line)) {
    const std::size_t comma = line.find(',');
    ASSERT_NE(comma, std::string::npos);
    std::uint64_t bits = 0;
    std::from_chars(line.data(), line.data() + comma, bits, 16);
    const std::string expected = line.substr(comma + 1);
    ASSERT_EQ(to_es6(std::bit_cast<double>(bits)), expected) << line;
    ASSERT_TRUE(is_canonical_number(expected)) << line;
    ASSERT_EQ(canonical(expected), expected) << line;
    ++lines;
  }
  EXPECT_EQ(lines, 10'000);
}

// Goal: the same for the first million. Method: the file above ends in a published sequence, each
// four values the SHA-256 of the 32 bytes before; the text of a million lines has a known hash.
TEST(ToEs6, WritesAMillionPublishedValues) {
  constexpr int lines_before_the_sequence = 2168;
  constexpr int lines_wanted = 1'000'000;
  std::ifstream file(MAYFLY_VECTORS "/certificate/jcs/es6/es6testfile_10k.txt");
  std::string text;
  std::string line;
  int lines = 0;
  while (lines < lines_before_the_sequence && std::getline(file, line)) {
    text += line + '\n';
    ++lines;
  }
  crypto::Sha256 block;
  while (lines < lines_wanted) {
    block = crypto::sha256(block.bytes);
    for (std::size_t at = 0; at < 32 && lines < lines_wanted; at += 8) {
      std::uint64_t bits = 0;
      for (std::size_t i = 8; i > 0; --i) bits = bits << 8 | block.bytes[at + i - 1];
      const double value = std::bit_cast<double>(bits);
      if (!std::isfinite(value)) continue;
      char digits[16];
      const auto end = std::to_chars(std::begin(digits), std::end(digits), bits, 16).ptr;
      const std::string number = to_es6(value);
      ASSERT_TRUE(is_canonical_number(number)) << number;
      text.append(std::begin(digits), end).append(",").append(number) += '\n';
      ++lines;
    }
  }
  EXPECT_EQ(crypto::to_text(crypto::sha256(bytes_of(text))),
            "sha256:49415fee2c56c77864931bd3624faad425c3c577d6d74e89a83bc725506dad16");
}

TEST(IsCanonicalNumber, KnowsTheOneSpelling) {
  for (const char* const token :
       {"0", "-1", "10", "9007199254740991", "-9007199254740992", "1e+21", "1e-7", "0.000001",
        "100000000000000000000", "5e-324", "1.7976931348623157e+308", "-0.1", "123456789012345",
        "-1234567890123456"}) {
    EXPECT_TRUE(is_canonical_number(token)) << token;
  }
  for (const char* const token : {"",
                                  "-",
                                  "-0",
                                  "00",
                                  "01",
                                  "+1",
                                  ".5",
                                  "1.",
                                  "1.0",
                                  "1e3",
                                  "1E+21",
                                  "1e21",
                                  "1e+021",
                                  "0.0",
                                  "--1",
                                  "1-",
                                  "1e+400",
                                  "9007199254740993",
                                  "0.10",
                                  "0.0000001",
                                  "1000000000000000000000",
                                  "18446744073709551616",
                                  "0.30000000000000001",
                                  "1e-400",
                                  "-00",
                                  "1.e+21"}) {
    EXPECT_FALSE(is_canonical_number(token)) << token;
  }
}

TEST(AppendCanonicalNumber, KeepsIntegersExactlyOrRefuses) {
  EXPECT_EQ(canonical("9007199254740991"), "9007199254740991");
  EXPECT_EQ(canonical("-9007199254740992"), "-9007199254740992");
  EXPECT_EQ(canonical("100000000000000000000000"), "1e+23");
  EXPECT_EQ(canonical("-0"), "0");
  EXPECT_EQ(reading_of("9007199254740993"), NumberReading::loses_digits);
  EXPECT_EQ(reading_of("18446744073709551615"), NumberReading::loses_digits);
  // 2^64 is a double, but its ECMAScript spelling reads as another integer.
  EXPECT_EQ(reading_of("18446744073709551616"), NumberReading::loses_digits);
  EXPECT_EQ(canonical("18446744073709552000"), "18446744073709552000");
}

TEST(AppendCanonicalNumber, ReadsFractionsAsTheNearestDouble) {
  EXPECT_EQ(canonical("333333333.33333329"), "333333333.3333333");
  EXPECT_EQ(canonical("1.50"), "1.5");
  EXPECT_EQ(canonical("1E3"), "1000");
  EXPECT_EQ(canonical("-0.0e-5"), "0");
  EXPECT_EQ(canonical("2e-3"), "0.002");
}

TEST(AppendCanonicalNumber, RefusesWhatNoDoubleHolds) {
  for (const char* const token : {"1e400", "-1e400", "1e-400", "2e-324"}) {
    EXPECT_EQ(reading_of(token), NumberReading::out_of_range) << token;
  }
  const std::string tiny = "0." + std::string(400, '0') + "1";
  EXPECT_EQ(reading_of(tiny), NumberReading::out_of_range);
  EXPECT_EQ(reading_of(std::string(400, '9')), NumberReading::out_of_range);
}

TEST(AppendCanonicalNumber, RefusesWhatIsNoJsonNumber) {
  for (const char* const token :
       {"", "-", "+1", "01", "-01", ".5", "1.", "1.e5", "1e", "1e+", "--1", "1e5.5", "1.2.3"}) {
    EXPECT_EQ(reading_of(token), NumberReading::not_a_number) << token;
  }
}

}  // namespace
}  // namespace mayfly::certificate
