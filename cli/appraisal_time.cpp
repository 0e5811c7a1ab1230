#include "cli/appraisal_time.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "base/ascii_case.hpp"

namespace mayfly::cli {
namespace {

constexpr std::int64_t end_of_9999_ms = 253'402'300'799'999;

std::optional<int> digits(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool all_digits = std::ranges::all_of(text, is_ascii_digit);
  if (text.empty() || !all_digits || error != std::errc{}) {
    return std::nullopt;
  }
  return value;
}

// Takes "<count digits><after>" off the front.
std::optional<int> take(std::string_view& text, std::size_t count, std::string_view after) {
  if (text.size() < count + after.size() || text.substr(count, after.size()) != after) {
    return std::nullopt;
  }
  const auto value = digits(text.substr(0, count));
  text.remove_prefix(count + after.size());
  return value;
}

std::optional<int> take_fraction_ms(std::string_view& text) {
  if (!text.starts_with('.')) {
    return 0;
  }
  text.remove_prefix(1);
  const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
  if (count == 0 || count > 3) {
    return std::nullopt;
  }
  auto value = digits(text.substr(0, count));
  for (std::size_t i = count; i < 3 && value; ++i) {
    *value *= 10;
  }
  text.remove_prefix(count);
  return value;
}

std::optional<int> offset_minutes(std::string_view text) {
  if (text == "Z") {
    return 0;
  }
  if (!text.starts_with('+') && !text.starts_with('-')) {
    return std::nullopt;
  }
  const int sign = text[0] == '+' ? 1 : -1;
  text.remove_prefix(1);
  const auto hours = take(text, 2, ":");
  const auto minutes = digits(text);
  if (!hours || !minutes || text.size() != 2 || *hours > 23 || *minutes > 59) {
    return std::nullopt;
  }
  return sign * (*hours * 60 + *minutes);
}

std::optional<std::int64_t> rfc3339_ms(std::string_view text) {
  const auto year = take(text, 4, "-");
  const auto month = take(text, 2, "-");
  const auto day = take(text, 2, "T");
  const auto hour = take(text, 2, ":");
  const auto minute = take(text, 2, ":");
  const auto second = take(text, 2, "");
  const auto fraction_ms = take_fraction_ms(text);
  const auto offset = offset_minutes(text);
  if (!year || !month || !day || !hour || !minute || !second || !fraction_ms || !offset) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) {
    return std::nullopt;
  }
  const std::chrono::milliseconds since_epoch =
      std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(*hour) +
      std::chrono::minutes(*minute - *offset) + std::chrono::seconds(*second) +
      std::chrono::milliseconds(*fraction_ms);
  return since_epoch.count();
}

std::optional<std::int64_t> decimal_ms(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

UnixMillis clock_now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count()};
}

Result<UnixMillis> parse_appraisal_time(std::string_view text) {
  const bool is_date = text.find('T') != std::string_view::npos;
  const auto ms = is_date ? rfc3339_ms(text) : decimal_ms(text);
  if (!ms || *ms < 0 || *ms > end_of_9999_ms) {
    return fail(ErrorCode::malformed,
                "not a time between 1970 and 9999: write 2026-03-01T12:00:00Z, or Unix "
                "milliseconds as in 1772366400000");
  }
  return UnixMillis{*ms};
}

}  // namespace mayfly::cli
