#include "base/time.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace mayfly {

std::string to_rfc3339(UnixMillis at) {
  constexpr std::int64_t last = 253402300799999;  // 9999-12-31T23:59:59.999Z
  const std::int64_t millis = std::clamp<std::int64_t>(at.value, 0, last);
  const std::time_t seconds = millis / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[40];
  const int length =
      std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                    parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                    static_cast<int>(millis % 1000));
  return {text, static_cast<std::size_t>(length)};
}

}  // namespace mayfly
