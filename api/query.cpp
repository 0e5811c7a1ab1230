#include "api/query.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "api/strict_json.hpp"

namespace mayfly::api {
namespace {

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), out);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

// Exactly `digits` decimal digits at `at`.
bool read_field(std::string_view text, std::size_t at, std::size_t digits, int& out) {
  const std::string_view field = text.substr(at, digits);
  return field.size() == digits && field.front() != '-' && read_number(field, out);
}

}  // namespace

bool is_sha256_text(std::string_view text) {
  constexpr std::string_view prefix = "sha256:";
  constexpr std::size_t digits = 64;
  return text.starts_with(prefix) && text.size() == prefix.size() + digits &&
         std::ranges::all_of(text.substr(prefix.size()), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::optional<UnixMillis> parse_rfc3339_utc(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, millis = 0;
  const bool has_millis = text.size() == std::string_view("2026-03-01T12:00:00.000Z").size();
  if (!has_millis && text.size() != std::string_view("2026-03-01T12:00:00Z").size()) return {};
  const bool has_marks = text[4] == '-' && text[7] == '-' && text[10] == 'T' && text[13] == ':' &&
                         text[16] == ':' && text.back() == 'Z' && (!has_millis || text[19] == '.');
  const bool has_digits = read_field(text, 0, 4, year) && read_field(text, 5, 2, month) &&
                          read_field(text, 8, 2, day) && read_field(text, 11, 2, hour) &&
                          read_field(text, 14, 2, minute) && read_field(text, 17, 2, second) &&
                          (!has_millis || read_field(text, 20, 3, millis));
  if (!has_marks || !has_digits || hour > 23 || minute > 59 || second > 59) return {};
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return {};
  const auto at = std::chrono::sys_days(date) + std::chrono::hours(hour) +
                  std::chrono::minutes(minute) + std::chrono::seconds(second) +
                  std::chrono::milliseconds(millis);
  return UnixMillis{at.time_since_epoch().count()};
}

void QueryReader::refuse(std::string_view name, std::string_view form) {
  if (!problem_) {
    problem_ = Problem{ProblemKind::malformed_request,
                       "the query parameter " + std::string(name) + " " + std::string(form)};
  }
}

std::optional<std::string> QueryReader::text(std::string_view name) {
  known_.push_back(name);
  const auto [first, last] = call_.query.equal_range(std::string(name));
  if (first == last) return std::nullopt;
  if (std::next(first) != last) refuse(name, "may be given once");
  return first->second;
}

std::optional<std::string> QueryReader::hash(std::string_view name, std::string_view also) {
  const auto value = text(name);
  if (value && !is_sha256_text(*value) && (also.empty() || *value != also)) {
    refuse(name, "is \"sha256:\" and 64 lower-case hex digits");
  }
  return value;
}

std::optional<std::size_t> QueryReader::count(std::string_view name) {
  const auto value = text(name);
  if (!value) return std::nullopt;
  std::size_t number = 0;
  if (!read_number(*value, number)) refuse(name, "is a whole number");
  return number;
}

std::optional<UnixMillis> QueryReader::time(std::string_view name) {
  const auto value = text(name);
  if (!value) return std::nullopt;
  if (auto time = parse_rfc3339_utc(*value)) return time;
  UnixMillis time;
  if (!read_number(*value, time.value)) {
    refuse(name, "is a time in UTC, 2026-03-01T12:00:00Z, or Unix milliseconds");
  }
  return time;
}

std::expected<void, Problem> QueryReader::finish() const {
  if (problem_) return std::unexpected(*problem_);
  for (const auto& [name, value] : call_.query) {
    if (std::ranges::find(known_, name) != known_.end()) continue;
    std::string known;
    for (const std::string_view one : known_) known += " " + std::string(one);
    return std::unexpected(
        Problem{ProblemKind::malformed_request,
                "unknown query parameter " + pointer_part(name) +
                    (known.empty() ? "; none is known here" : "; known here:" + known)});
  }
  return {};
}

}  // namespace mayfly::api
