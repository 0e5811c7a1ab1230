#include "verifier/inert_text.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace mayfly::verifier {
namespace {

TEST(InertText, LeavesOrdinaryTextOfAnyScriptAlone) {
  const std::string text = "plain, Grüße, 日本語, עברית, 🦋 {\"a\":[1]}";
  EXPECT_EQ(inert_text(text, 1000), text);
}

TEST(InertText, ShowsEscapeSequencesInsteadOfObeyingThem) {
  EXPECT_EQ(inert_text("\x1b[2J\x1b]0;t\x07", 1000), "\\u{1b}[2J\\u{1b}]0;t\\u{7}");
  EXPECT_EQ(inert_text("a\r\nb\tc\x7f", 1000), "a\\u{d}\\u{a}b\\u{9}c\\u{7f}");
  EXPECT_EQ(inert_text(std::string("a\0b", 3), 1000), "a\\u{0}b");
  EXPECT_EQ(inert_text("\xc2\x9b"
                       "31m",
                       1000),
            "\\u{9b}31m");  // CSI as one C1 character
}

TEST(InertText, ShowsCharactersThatReorderOrHide) {
  EXPECT_EQ(inert_text("a\u202eb\u2066c\u200fd", 1000), "a\\u{202e}b\\u{2066}c\\u{200f}d");
  EXPECT_EQ(inert_text("\ufeff\u200b\u00ad\u2028", 1000), "\\u{feff}\\u{200b}\\u{ad}\\u{2028}");
  EXPECT_EQ(inert_text("\U000e0041", 1000), "\\u{e0041}");  // a tag character
}

TEST(InertText, CannotBeFakedByWritingTheEscapeItself) {
  EXPECT_EQ(inert_text("\\u{202e}", 1000), "\\\\u{202e}");
}

TEST(InertText, ShowsBytesThatAreNotUtf8) {
  EXPECT_EQ(inert_text("a\xff\xc0\x80z", 1000), "a\\xff\\xc0\\x80z");
}

TEST(InertText, IsCutAtTheBoundAndNotBefore) {
  EXPECT_EQ(inert_text("abc", 3), "abc");
  EXPECT_EQ(inert_text("abcd", 3), "abc... (4 bytes)");
  EXPECT_EQ(inert_text("ab\u00e9", 3), "ab... (4 bytes)");  // never inside a character
}

// Method: every code point below U+20000 and the tags, decoded again by another JSON reader.
TEST(InertJsonString, IsReadBackUnchangedByAnotherReader) {
  for (std::uint32_t code_point = 1; code_point < 0xe1000; ++code_point) {
    if (code_point == 0xd800) {
      code_point = 0xe000;
    }
    if (code_point == 0x20000) {
      code_point = 0xe0000;
    }
    std::string utf8;
    if (code_point < 0x80) {
      utf8 = {static_cast<char>(code_point)};
    } else if (code_point < 0x800) {
      utf8 = {static_cast<char>(0xc0 | (code_point >> 6)),
              static_cast<char>(0x80 | (code_point & 0x3f))};
    } else if (code_point < 0x10000) {
      utf8 = {static_cast<char>(0xe0 | (code_point >> 12)),
              static_cast<char>(0x80 | ((code_point >> 6) & 0x3f)),
              static_cast<char>(0x80 | (code_point & 0x3f))};
    } else {
      utf8 = {static_cast<char>(0xf0 | (code_point >> 18)),
              static_cast<char>(0x80 | ((code_point >> 12) & 0x3f)),
              static_cast<char>(0x80 | ((code_point >> 6) & 0x3f)),
              static_cast<char>(0x80 | (code_point & 0x3f))};
    }
    ASSERT_EQ(nlohmann::json::parse(inert_json_string(utf8)).get<std::string>(), utf8)
        << code_point;
  }
}

TEST(InertJsonString, EscapesWhatATerminalActsOn) {
  EXPECT_EQ(inert_json_string("\x1b[0m\u202e\"\\\xff"), R"("\u001b[0m\u202e\"\\\ufffd")");
  EXPECT_EQ(inert_json_string("\U000e0041"), R"("\udb40\udc41")");
}

}  // namespace
}  // namespace mayfly::verifier
