#include "api/preference.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "api/header_value.hpp"
#include "base/ascii_case.hpp"

namespace mayfly::api {

Preference parse_preference(std::string_view field) {
  Preference preference;
  while (!field.empty()) {
    const std::size_t comma = std::min(field.find(','), field.size());
    std::string_view one = field.substr(0, comma);
    field.remove_prefix(std::min(comma + 1, field.size()));
    one = trimmed(one.substr(0, one.find(';')));
    const std::size_t equals = one.find('=');
    const std::string_view name = trimmed(one.substr(0, equals));
    if (same_without_case(name, "respond-async")) preference.respond_async = true;
    if (equals == std::string_view::npos || preference.wait) continue;
    if (!same_without_case(name, "wait")) continue;
    const std::string_view value = trimmed(one.substr(equals + 1));
    std::uint32_t seconds = 0;
    const char* const end = value.data() + value.size();
    const auto read = std::from_chars(value.data(), end, seconds);
    if (read.ec != std::errc{} || read.ptr != end) continue;
    preference.wait = std::min(preferred_wait_max, std::chrono::seconds(seconds));
  }
  return preference;
}

}  // namespace mayfly::api
