#include "certificate/json_string.hpp"

#include <algorithm>

namespace mayfly::certificate {
namespace {

constexpr std::string_view escape_digits = "0123456789abcdef";

struct ShortEscape {
  char letter;
  char meaning;
};
constexpr ShortEscape short_escapes[] = {{'"', '"'},  {'\\', '\\'}, {'b', '\b'}, {'f', '\f'},
                                         {'n', '\n'}, {'r', '\r'},  {'t', '\t'}};

// What a canonical escape stands for; all of them stand for one ASCII character.
unsigned char meaning_of_escape(std::string_view text, std::size_t at) {
  for (const ShortEscape& escape : short_escapes) {
    if (text[at + 1] == escape.letter) return static_cast<unsigned char>(escape.meaning);
  }
  return static_cast<unsigned char>((text[at + 4] - '0') * 16 +
                                    static_cast<int>(escape_digits.find(text[at + 5])));
}

// UTF-8 bytes sort as code points, but UTF-16 puts the surrogates of U+10000 and up (lead bytes
// F0..F4) before U+E000..U+FFFF (lead bytes EE and EF). Nothing else differs.
unsigned utf16_rank(unsigned char byte) {
  return byte == 0xEE || byte == 0xEF ? byte + 7U : byte;
}

// The rank of the byte at `at` once unescaped; moves `at` past it.
unsigned next_rank(std::string_view name, std::size_t& at) {
  if (name[at] == '\\') {
    const unsigned char meaning = meaning_of_escape(name, at);
    at += canonical_escape_bytes(name, at);
    return meaning;
  }
  return utf16_rank(static_cast<unsigned char>(name[at++]));
}

}  // namespace

std::size_t utf8_sequence_bytes(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const auto within = [](unsigned value, unsigned low, unsigned high) {
    return value >= low && value <= high;
  };
  const auto tail = [&](std::size_t i) { return within(byte(i), 0x80, 0xBF); };
  const unsigned lead = byte(0);
  // The Unicode Standard, table 3-7: the second byte's range shuts out overlong forms, surrogates
  // and everything above U+10FFFF.
  if (lead < 0x80) return 1;
  if (within(lead, 0xC2, 0xDF)) return tail(1) ? 2 : 0;
  if (within(lead, 0xE0, 0xEF)) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;
    return within(byte(1), low, high) && tail(2) ? 3 : 0;
  }
  if (within(lead, 0xF0, 0xF4)) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
    return within(byte(1), low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

std::size_t canonical_escape_bytes(std::string_view text, std::size_t at) {
  if (text.size() - at < 2) return 0;
  for (const ShortEscape& escape : short_escapes) {
    if (text[at + 1] == escape.letter) return 2;
  }
  if (text.size() - at < 6 || text.substr(at + 1, 3) != "u00") return 0;
  const char high = text[at + 4];
  const char low = text[at + 5];
  if ((high != '0' && high != '1') || escape_digits.find(low) == std::string_view::npos) return 0;
  // U+0000 is refused; \b \t \n \f \r have their short forms.
  constexpr std::string_view with_other_form = "089acd";
  if (high == '0' && with_other_form.find(low) != std::string_view::npos) return 0;
  return 6;
}

Result<void> append_escaped(std::string& out, std::string_view utf8) {
  std::size_t at = 0;
  while (at < utf8.size()) {
    const std::size_t plain = plain_run_bytes(utf8, at);
    out.append(utf8, at, plain);
    at += plain;
    if (at == utf8.size()) break;
    const char c = utf8[at];
    const auto* const escape = std::ranges::find(short_escapes, c, &ShortEscape::meaning);
    if (escape != std::end(short_escapes)) {
      out += {'\\', escape->letter};
      ++at;
    } else if (c == '\0') {
      return fail(ErrorCode::malformed, "a string holds U+0000, which a certificate cannot carry");
    } else if (const std::size_t length = utf8_sequence_bytes(utf8, at); length == 0) {
      return fail(ErrorCode::malformed, "a string is not well-formed UTF-8");
    } else if (length == 1) {
      out += {'\\',
              'u',
              '0',
              '0',
              escape_digits[static_cast<unsigned char>(c) / 16],
              escape_digits[static_cast<unsigned char>(c) % 16]};
      ++at;
    } else {
      out.append(utf8, at, length);
      at += length;
    }
  }
  return {};
}

std::string unescape_canonical(std::string_view canonical) {
  std::string text;
  text.reserve(canonical.size());
  std::size_t at = 0;
  while (at < canonical.size()) {
    const std::size_t escape = std::min(canonical.find('\\', at), canonical.size());
    text.append(canonical, at, escape - at);
    at = escape;
    if (at < canonical.size()) {
      text.push_back(static_cast<char>(meaning_of_escape(canonical, at)));
      at += canonical_escape_bytes(canonical, at);
    }
  }
  return text;
}

std::strong_ordering compare_names(std::string_view a, std::string_view b) {
  std::size_t at_a = 0;
  std::size_t at_b = 0;
  while (at_a < a.size() && at_b < b.size()) {
    const unsigned rank_a = next_rank(a, at_a);
    const unsigned rank_b = next_rank(b, at_b);
    if (rank_a != rank_b) return rank_a <=> rank_b;
  }
  return a.size() - at_a <=> b.size() - at_b;
}

}  // namespace mayfly::certificate
