// What a caller would like: the field Prefer.
//
// Source    RFC 7240, sections 4.1 (respond-async) and 4.3 (wait). Others are ignored, as it says.
// Threads   Pure function.
#pragma once
#include <chrono>
#include <optional>
#include <string_view>

namespace mayfly::api {

inline constexpr std::chrono::seconds preferred_wait_max{3600};

struct Preference {
  bool respond_async = false;
  std::optional<std::chrono::seconds> wait{};  // at most preferred_wait_max
};
Preference parse_preference(std::string_view field);

}  // namespace mayfly::api
