// How often this was tried, in words: "3 of 17 on this dataset".
//
// Threads   Pure function.
#pragma once
#include <optional>
#include <string>

#include "certificate/model.hpp"

namespace mayfly::certificate {

// "uncounted" without one.
std::string attempt_text(const std::optional<Attempt>& attempt);

}  // namespace mayfly::certificate
