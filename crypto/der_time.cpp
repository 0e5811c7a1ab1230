#include "crypto/der_time.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace mayfly::crypto {
namespace {

std::unexpected<Error> bad_time(const char* what) {
  return fail(ErrorCode::malformed,
              std::string("not a certificate or list of revoked ones: ") + what);
}

Result<int> take_digits(std::string_view& text, std::size_t count) {
  int value = 0;
  if (text.size() < count) {
    return bad_time("a time is too short");
  }
  for (const char digit : text.substr(0, count)) {
    if (digit < '0' || digit > '9') {
      return bad_time("a time with something other than digits");
    }
    value = value * 10 + (digit - '0');
  }
  text.remove_prefix(count);
  return value;
}

}  // namespace

// RFC 5280, 4.1.2.5: YYMMDDHHMMSSZ (years 1950-2049) or YYYYMMDDHHMMSSZ.
Result<UnixMillis> take_der_time(DerReader& reader) {
  const bool is_utc_time = reader.next_is(der_tag::utc_time);
  TRY(const DerElement element,
      reader.take(is_utc_time ? der_tag::utc_time : der_tag::generalized_time));
  std::string_view text = text_of(element.content);
  TRY(int year, take_digits(text, is_utc_time ? 2 : 4));
  if (is_utc_time) {
    year += year < 50 ? 2000 : 1900;
  }
  TRY(const int month, take_digits(text, 2));
  TRY(const int day, take_digits(text, 2));
  TRY(const int hour, take_digits(text, 2));
  TRY(const int minute, take_digits(text, 2));
  TRY(const int second, take_digits(text, 2));
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (text != "Z" || !date.ok() || hour > 23 || minute > 59 || second > 59) {
    return bad_time("a time that is not in RFC 5280's form");
  }
  const auto at = std::chrono::sys_days(date) + std::chrono::hours(hour) +
                  std::chrono::minutes(minute) + std::chrono::seconds(second);
  return UnixMillis{
      std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count()};
}

}  // namespace mayfly::crypto
