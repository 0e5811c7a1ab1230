#include "certificate/assertions.hpp"

#include <algorithm>
#include <charconv>
#include <compare>

#include "base/ascii_case.hpp"
#include "certificate/canonical_document.hpp"

namespace mayfly::certificate {
namespace {

bool is_path_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_ascii_digit(c) || c == '_' ||
         c == '-';
}

// A number as sign, 0.<digits> * 10^point, without leading or trailing zeros among the digits; so
// equal numbers are equal structs. Zero has no digits.
struct Decimal {
  bool is_negative = false;
  std::int64_t point = 0;
  std::string digits;
};

// Precondition: `text` is a number of RFC 8259 whose exponent is that of a double.
Decimal read_decimal(std::string_view text) {
  Decimal number;
  number.is_negative = text.starts_with('-');
  if (number.is_negative) text.remove_prefix(1);
  const std::size_t e = std::min(text.find_first_of("eE"), text.size());
  std::string_view exponent = text.substr(std::min(e + 1, text.size()));
  if (exponent.starts_with('+')) exponent.remove_prefix(1);
  std::from_chars(exponent.data(), exponent.data() + exponent.size(), number.point);
  const std::string_view mantissa = text.substr(0, e);
  const std::size_t dot = std::min(mantissa.find('.'), mantissa.size());
  number.point += static_cast<std::int64_t>(dot);
  std::ranges::copy_if(mantissa, std::back_inserter(number.digits), is_ascii_digit);
  const std::size_t zeros = std::min(number.digits.find_first_not_of('0'), number.digits.size());
  number.digits.erase(0, zeros);
  number.point -= static_cast<std::int64_t>(zeros);
  number.digits.erase(number.digits.find_last_not_of('0') + 1);
  if (number.digits.empty()) return {};
  return number;
}

std::strong_ordering compare_magnitudes(const Decimal& a, const Decimal& b) {
  if (a.digits.empty() || b.digits.empty()) return a.digits.size() <=> b.digits.size();
  if (a.point != b.point) return a.point <=> b.point;
  return a.digits <=> b.digits;
}

std::strong_ordering compare(const Decimal& a, const Decimal& b) {
  if (a.is_negative != b.is_negative) return b.is_negative <=> a.is_negative;
  return a.is_negative ? compare_magnitudes(b, a) : compare_magnitudes(a, b);
}

bool holds(std::strong_ordering order, std::string_view op) {
  if (op == "==") return order == 0;
  if (op == "!=") return order != 0;
  if (op == "<") return order < 0;
  if (op == "<=") return order <= 0;
  if (op == ">") return order > 0;
  return order >= 0;
}

std::optional<JsonValue> follow(JsonValue value, std::string_view path) {
  while (!path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    const auto next = value.find(path.substr(0, dot));
    if (!next) return std::nullopt;
    value = *next;
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return value;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// "00.950" is no decimal; "0.950" becomes "0.95", "-0.0" becomes "0".
Result<std::string> canonical_decimal(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  const std::size_t dot = std::min(digits.find('.'), digits.size());
  const std::string_view whole = digits.substr(0, dot);
  const std::string_view fraction = digits.substr(std::min(dot + 1, digits.size()));
  if (whole.empty() || !std::ranges::all_of(whole, is_ascii_digit) ||
      !std::ranges::all_of(fraction, is_ascii_digit) || (whole.size() > 1 && whole[0] == '0') ||
      (dot < digits.size() && fraction.empty())) {
    return fail(ErrorCode::malformed,
                "the value of an assertion must be a plain decimal such as 0.95");
  }
  std::string canonical(text);
  if (dot < digits.size()) {
    canonical.erase(canonical.find_last_not_of('0') + 1);
    if (canonical.ends_with('.')) canonical.pop_back();
  }
  return canonical == "-0" ? "0" : canonical;
}

}  // namespace

bool is_canonical_decimal(std::string_view text) {
  const auto canonical = canonical_decimal(text);
  return canonical && *canonical == text;
}

bool is_result_path(std::string_view text) {
  bool part_is_empty = true;
  for (const char c : text) {
    if (c == '.' ? part_is_empty : !is_path_character(c)) return false;
    part_is_empty = c == '.';
  }
  return !part_is_empty;
}

Result<Assertion> parse_assertion(std::string_view text) {
  const std::size_t op = std::min(text.find_first_of("=!<>"), text.size());
  const std::size_t value = std::min(text.find_first_not_of("=!<>", op), text.size());
  Assertion assertion;
  assertion.name = trimmed(text.substr(0, op));
  assertion.op = text.substr(op, value - op);
  if (assertion.name.size() > result_path_bytes_max || text.size() - value > decimal_bytes_max) {
    return fail(ErrorCode::limit, "an assertion may have a path of 256 bytes and a value of 64");
  }
  if (!is_result_path(assertion.name)) {
    return fail(ErrorCode::malformed,
                "an assertion starts with a dotted path into the result, as in "
                "'metrics.accuracy>=0.95'");
  }
  constexpr std::string_view ops[] = {"==", "!=", "<", "<=", ">", ">="};
  if (std::ranges::find(ops, assertion.op) == std::end(ops)) {
    return fail(ErrorCode::malformed, "an assertion compares with one of == != < <= > >=");
  }
  TRY(assertion.value, canonical_decimal(trimmed(text.substr(value))));
  return assertion;
}

Result<void> judge(std::vector<Assertion>& assertions, const std::optional<std::string>& value) {
  for (Assertion& assertion : assertions) assertion.verdict = "unknown";
  if (!value || assertions.empty()) return {};
  TRY(const auto document,
      CanonicalDocument::parse(bytes_of(*value), TopLevel::any, result_value_bounds));
  for (Assertion& assertion : assertions) {
    const auto found = follow(document.root(), assertion.name);
    if (!found || found->kind() != JsonKind::number) continue;
    const auto order =
        compare(read_decimal(text_of(found->slice())), read_decimal(assertion.value));
    assertion.verdict = holds(order, assertion.op) ? "true" : "false";
  }
  return {};
}

}  // namespace mayfly::certificate
