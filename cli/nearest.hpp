// "Did you mean ...?" for a mistyped word.
#pragma once
#include <optional>
#include <span>
#include <string_view>

namespace mayfly::cli {

// The candidate with the smallest edit distance, if that is at most a third of the word (>= 1).
std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates);

}  // namespace mayfly::cli
