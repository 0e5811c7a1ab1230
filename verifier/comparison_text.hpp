// A comparison for people and for programs.
//
// Shapes    Text: lines without colours. JSON: one object, "mayfly/comparison/v1"; its exit_code is
//           a function of its outcome. Text from the certificates is inert; values longer than
//           shown_value_bytes_max are cut, and say so.
// Threads   Pure functions.
#pragma once
#include <string>

#include "verifier/comparison.hpp"

namespace mayfly::verifier {

inline constexpr std::size_t shown_value_bytes_max = 160;

std::string comparison_text(const Comparison& comparison);
std::string comparison_json(const Comparison& comparison);

}  // namespace mayfly::verifier
