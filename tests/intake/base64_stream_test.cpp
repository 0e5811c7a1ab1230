#include "intake/base64_stream.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "tests/intake/base64_text.hpp"

namespace mayfly::intake {
namespace {

struct Outcome {
  Result<void> status;
  std::size_t taken = 0;
  std::string decoded;
};

Outcome decode_in_pieces(std::string_view text, std::size_t piece,
                         const IntakeLimits& limits = {}) {
  auto intake = FileIntake::begin("a", limits, JobIdentity::separate_user);
  EXPECT_TRUE(intake);
  Base64Stream stream;
  Outcome outcome;
  while (outcome.taken < text.size()) {
    const auto chunk = text.substr(outcome.taken, piece);
    const auto taken = stream.append(bytes_of(chunk), *intake);
    if (!taken) return {std::unexpected(taken.error()), outcome.taken, {}};
    outcome.taken += *taken;
    if (*taken < chunk.size()) break;
  }
  outcome.status = stream.finish();
  const auto file = std::move(*intake).seal();
  outcome.decoded = text_of(file->view());
  return outcome;
}

Outcome decode(std::string_view text) {
  return decode_in_pieces(text, std::string_view::npos);
}

// RFC 4648 section 10.
TEST(Base64Stream, DecodesThePublishedExamples) {
  const std::array<std::pair<std::string_view, std::string_view>, 7> examples{
      {{"", ""},
       {"Zg==", "f"},
       {"Zm8=", "fo"},
       {"Zm9v", "foo"},
       {"Zm9vYg==", "foob"},
       {"Zm9vYmE=", "fooba"},
       {"Zm9vYmFy", "foobar"}}};
  for (const auto& [text, plain] : examples) {
    const Outcome outcome = decode(text);
    EXPECT_TRUE(outcome.status) << text;
    EXPECT_EQ(outcome.taken, text.size());
    EXPECT_EQ(outcome.decoded, plain);
  }
}

TEST(Base64Stream, DecodesEveryByteInEveryPlaceForEverySplit) {
  std::string plain;
  for (int i = 0; i < 3 * 256; ++i) plain += static_cast<char>(i % 256 + i / 256);
  for (std::size_t cut = 0; cut < 3; ++cut) {
    const std::string text = test::base64_text(plain.substr(cut));
    for (std::size_t piece = 1; piece < 40; ++piece) {
      const Outcome outcome = decode_in_pieces(text, piece);
      ASSERT_TRUE(outcome.status);
      ASSERT_EQ(outcome.decoded, plain.substr(cut)) << piece;
    }
  }
}

TEST(Base64Stream, StopsAtWhatIsNotBase64) {
  for (int byte = 0; byte < 256; ++byte) {
    const char character = static_cast<char>(byte);
    const bool base64 = (character >= 'A' && character <= 'Z') ||
                        (character >= 'a' && character <= 'z') ||
                        (character >= '0' && character <= '9') || character == '+' ||
                        character == '/' || character == '=';
    if (base64) continue;
    for (std::size_t place = 0; place < 9; ++place) {
      std::string text = "Zm9vYmFyZm9v";
      text[place] = character;
      EXPECT_EQ(decode(text).taken, place) << byte;
    }
  }
}

TEST(Base64Stream, RefusesPaddingAndEndsThatRfc4648DoesNotAllow) {
  for (const std::string_view text :
       {"=", "Z=", "Z===", "Zg=", "Zg===", "Zg==Zg==", "Zm8==", "Zm8=Zm8=", "Zm9v=", "Zm9v====",
        "Z", "Zg", "Zm8", "Zm9vY", "Zm9vYg", "Zm9vYmE", "Zm9vYg=", "Zg=g",
        "Zg=="
        "A"}) {
    const Outcome outcome = decode(text);
    ASSERT_FALSE(outcome.status) << text;
    EXPECT_EQ(outcome.status.error().code(), ErrorCode::malformed);
  }
}

TEST(Base64Stream, RefusesUnusedBitsThatAreNotZero) {
  for (const std::string_view text : {"Zh==", "Zm9=", "Zm9vYh==", "//==", "///="}) {
    EXPECT_FALSE(decode(text).status) << text;
  }
  EXPECT_TRUE(decode("/w==").status);
  EXPECT_TRUE(decode("//8=").status);
}

TEST(Base64Stream, NamesThePlaceAndNotTheCharacter) {
  const Outcome outcome = decode("Zm9vZm9vZh==");
  ASSERT_FALSE(outcome.status);
  EXPECT_EQ(outcome.status.error().message(),
            "base64 character 10: the unused bits before the padding are not zero");
}

TEST(Base64Stream, FillsADatasetToItsBoundAndNotPastIt) {
  for (std::size_t bytes = 1; bytes < 12; ++bytes) {
    const IntakeLimits limits{.dataset_bytes_max = bytes};
    const std::string at_bound = test::base64_text(std::string(bytes, 'x'));
    const std::string over = test::base64_text(std::string(bytes + 1, 'x'));
    EXPECT_EQ(decode_in_pieces(at_bound, 100, limits).decoded, std::string(bytes, 'x'));
    const Outcome refused = decode_in_pieces(over, 100, limits);
    ASSERT_FALSE(refused.status) << bytes;
    EXPECT_EQ(refused.status.error().code(), ErrorCode::limit);
  }
}

}  // namespace
}  // namespace mayfly::intake
