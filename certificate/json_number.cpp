#include "certificate/json_number.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/ascii_case.hpp"

namespace mayfly::certificate {
namespace {

constexpr std::size_t longest_number = 25;  // "-0.0000012345678901234567"

// A finite, positive double as 0.<digits> * 10^point, digits as few as identify it.
struct Shortest {
  explicit Shortest(double positive) {
    const auto written =
        std::to_chars(std::begin(text), std::end(text), positive, std::chars_format::scientific);
    const std::string_view all(text, static_cast<std::size_t>(written.ptr - text));
    const std::size_t e = all.find('e');
    const char* const exponent = text + e + (all[e + 1] == '+' ? 2 : 1);
    std::from_chars(exponent, written.ptr, point);
    ++point;
    // The first digit takes the place of the point, so that all digits stand together.
    if (e > 1) text[1] = text[0];
    digits = e > 1 ? all.substr(1, e - 1) : all.substr(0, 1);
  }
  Shortest(const Shortest&) = delete;
  Shortest& operator=(const Shortest&) = delete;

  char text[32];
  std::string_view digits;
  int point = 0;
};

// Position after the digits from `at` on.
std::size_t after_digits(std::string_view token, std::size_t at) {
  while (at < token.size() && is_ascii_digit(token[at])) ++at;
  return at;
}

enum class Grammar : std::uint8_t { none, integer, with_fraction_or_exponent };

// RFC 8259, section 6.
Grammar grammar_of(std::string_view token) {
  const std::size_t begin = token.starts_with('-') ? 1 : 0;
  std::size_t at = after_digits(token, begin);
  if (at == begin || (token[begin] == '0' && at > begin + 1)) return Grammar::none;
  if (at == token.size()) return Grammar::integer;
  if (token[at] == '.') {
    const std::size_t fraction = at + 1;
    at = after_digits(token, fraction);
    if (at == fraction) return Grammar::none;
  }
  if (at < token.size() && (token[at] == 'e' || token[at] == 'E')) {
    ++at;
    if (at < token.size() && (token[at] == '+' || token[at] == '-')) ++at;
    const std::size_t exponent = at;
    at = after_digits(token, exponent);
    if (at == exponent) return Grammar::none;
  }
  return at == token.size() ? Grammar::with_fraction_or_exponent : Grammar::none;
}

// The significant digits of a number in plain or scientific notation are all zero.
bool is_zero(std::string_view token) {
  return token.substr(0, token.find_first_of("eE")).find_first_of("123456789") ==
         std::string_view::npos;
}

// `token` is an integer's digits; the shortest form names the very same integer.
bool keeps_every_digit(std::string_view token, double value) {
  const std::string_view digits = token.starts_with('-') ? token.substr(1) : token;
  const Shortest shortest(std::fabs(value));
  const std::size_t significant = digits.find_last_not_of('0') + 1;
  return digits.substr(0, significant) == shortest.digits &&
         std::cmp_equal(digits.size(), shortest.point);
}

}  // namespace

std::string to_es6(double value) {
  if (value == 0) return "0";
  const Shortest shortest(std::fabs(value));
  const std::string_view digits = shortest.digits;
  const int point = shortest.point;
  const auto point_at = static_cast<std::size_t>(std::max(point, 0));
  std::string text;
  text.reserve(longest_number);
  if (value < 0) text += '-';
  if (point > 21 || point <= -6) {
    text += digits[0];
    if (digits.size() > 1) text.append(".").append(digits.substr(1));
    text.append(point > 0 ? "e+" : "e-").append(std::to_string(std::abs(point - 1)));
  } else if (point <= 0) {
    text.append("0.").append(static_cast<std::size_t>(-point), '0').append(digits);
  } else if (digits.size() <= point_at) {
    text.append(digits).append(point_at - digits.size(), '0');
  } else {
    text.append(digits.substr(0, point_at)).append(".").append(digits.substr(point_at));
  }
  return text;
}

bool is_canonical_number(std::string_view token) {
  // Integers of up to 15 digits are below 2^53 and need no arithmetic.
  const std::size_t begin = token.starts_with('-') ? 1 : 0;
  const std::size_t end = after_digits(token, begin);
  if (end == token.size() && end - begin >= 1 && end - begin <= 15) {
    return token[begin] != '0' || token == "0";
  }
  if (token.size() > longest_number) return false;
  double value = 0;
  const auto read = std::from_chars(token.data(), token.data() + token.size(), value);
  return read.ec == std::errc{} && read.ptr == token.data() + token.size() &&
         std::isfinite(value) && to_es6(value) == token;
}

NumberReading append_canonical_number(std::string& out, std::string_view token) {
  const Grammar grammar = grammar_of(token);
  if (grammar == Grammar::none) return NumberReading::not_a_number;
  if (is_zero(token)) {
    out += '0';
    return NumberReading::exact;
  }
  double value = 0;
  const auto read = std::from_chars(token.data(), token.data() + token.size(), value);
  if (read.ec != std::errc{} || !std::isfinite(value) || value == 0) {
    return NumberReading::out_of_range;
  }
  if (grammar == Grammar::integer && !keeps_every_digit(token, value)) {
    return NumberReading::loses_digits;
  }
  out += to_es6(value);
  return NumberReading::exact;
}

}  // namespace mayfly::certificate
