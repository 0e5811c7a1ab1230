#include "certificate/json_string.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace mayfly::certificate {
namespace {

std::string utf8_of(std::uint32_t c) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xC0 | c >> 6), byte(0x80 | (c & 63))};
  if (c < 0x10000) return {byte(0xE0 | c >> 12), byte(0x80 | (c >> 6 & 63)), byte(0x80 | (c & 63))};
  return {byte(0xF0 | c >> 18), byte(0x80 | (c >> 12 & 63)), byte(0x80 | (c >> 6 & 63)),
          byte(0x80 | (c & 63))};
}
bool is_surrogate(std::uint32_t c) {
  return c >= 0xD800 && c < 0xE000;
}

TEST(Utf8SequenceBytes, AcceptsEveryScalarValueAndNoSurrogate) {
  for (std::uint32_t c = 0; c <= 0x10FFFF; ++c) {
    const std::string text = utf8_of(c);
    ASSERT_EQ(utf8_sequence_bytes(text, 0), is_surrogate(c) ? 0 : text.size()) << c;
  }
  EXPECT_EQ(utf8_sequence_bytes(utf8_of(0x110000), 0), 0U);
}

// Goal: no sequence has two spellings. Method: all pairs and triples that could be overlong.
TEST(Utf8SequenceBytes, RefusesOverlongAndStrayBytes) {
  for (unsigned lead = 0x80; lead < 0x100; ++lead) {
    const std::string alone(1, static_cast<char>(lead));
    EXPECT_EQ(utf8_sequence_bytes(alone, 0), 0U) << lead;
    EXPECT_EQ(utf8_sequence_bytes(alone + "a", 0), 0U) << lead;
  }
  for (const char* const text : {"\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF",
                                 "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xED\xA0\x80"}) {
    EXPECT_EQ(utf8_sequence_bytes(text, 0), 0U);
  }
}

// Goal: the fast search stops exactly where the rule says. Method: each byte at each place.
TEST(PlainRunBytes, StopsAtEverySpecialByteAndNoOther) {
  for (std::size_t length = 1; length <= 24; ++length) {
    for (std::size_t place = 0; place < length; ++place) {
      for (unsigned value = 0; value < 256; ++value) {
        std::string text(length, 'a');
        text[place] = static_cast<char>(value);
        const bool is_special = value < 0x20 || value >= 0x80 || value == '"' || value == '\\';
        ASSERT_EQ(plain_run_bytes(text, 0), is_special ? place : length) << value;
      }
    }
  }
}

TEST(AppendEscaped, WritesTheShortestEscapeAndReadsBack) {
  for (std::uint32_t c = 1; c <= 0x10FFFF; c = c < 0x300 ? c + 1 : c + 97) {
    if (is_surrogate(c)) continue;
    const std::string text = "x" + utf8_of(c) + "y";
    std::string escaped;
    ASSERT_TRUE(append_escaped(escaped, text)) << c;
    ASSERT_EQ(unescape_canonical(escaped), text) << c;
    const bool is_short =
        std::string_view("\b\t\n\f\r\"\\").find(static_cast<char>(c)) != std::string_view::npos &&
        c < 0x80;
    const std::size_t grown = is_short ? 1 : c < 0x20 ? 5 : 0;
    ASSERT_EQ(escaped.size(), text.size() + grown) << c;
  }
}

TEST(AppendEscaped, RefusesNulAndBrokenUtf8) {
  std::string out;
  EXPECT_FALSE(append_escaped(out, std::string_view("a\0b", 3)));
  EXPECT_FALSE(append_escaped(out, "a\xFF"));
  EXPECT_FALSE(append_escaped(out, "\xED\xA0\x80"));
}

std::u16string utf16_of(std::uint32_t c) {
  if (c < 0x10000) return {static_cast<char16_t>(c)};
  c -= 0x10000;
  return {static_cast<char16_t>(0xD800 + (c >> 10)), static_cast<char16_t>(0xDC00 + (c & 0x3FF))};
}

// Goal: the order is that of UTF-16. Method: against std::u16string, over the edges of each range.
TEST(CompareNames, OrdersByUtf16CodeUnits) {
  const std::vector<std::uint32_t> edges = {
      1,       8,       0xA,     0x1F,    0x20,    0x22,     0x23,    0x5B,
      0x5C,    0x5D,    0x7F,    0x80,    0xFF,    0x7FF,    0x800,   0xFFF,
      0x1000,  0xCFFF,  0xD7FF,  0xE000,  0xEFFF,  0xF000,   0xFFFD,  0xFFFF,
      0x10000, 0x1F600, 0x3FFFF, 0x40000, 0xFFFFF, 0x100000, 0x10FFFF};
  for (const std::uint32_t a : edges) {
    for (const std::uint32_t b : edges) {
      for (const std::uint32_t tail : {std::uint32_t{'z'}, std::uint32_t{0x1D11E}}) {
        std::string name_a;
        std::string name_b;
        ASSERT_TRUE(append_escaped(name_a, "p" + utf8_of(a) + utf8_of(tail)));
        ASSERT_TRUE(append_escaped(name_b, "p" + utf8_of(b)));
        ASSERT_EQ(compare_names(name_a, name_b),
                  u"p" + utf16_of(a) + utf16_of(tail) <=> u"p" + utf16_of(b))
            << a << " " << b;
      }
    }
  }
}

}  // namespace
}  // namespace mayfly::certificate
