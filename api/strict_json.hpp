// Is this text JSON without surprises? One pass, before the friendly parser reads it: that one
// keeps the last of two equal members and nests as deep as the text does.
//
// Source    RFC 8259; RFC 7493 section 2.3 (no duplicate members).
// Errors    A Problem (malformed_request) with a JSON pointer where there is one. Nothing of the
//           text but member names, shortened, is ever in it.
// Threads   Pure functions.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "api/problem.hpp"

namespace mayfly::api {

inline constexpr std::size_t request_depth_max = 16;
inline constexpr std::size_t request_values_max = 20'000;

std::optional<Problem> find_json_fault(std::string_view text);

// RFC 6901 escapes, and a name that is long or not printable is shortened.
std::string pointer_part(std::string_view name);

}  // namespace mayfly::api
