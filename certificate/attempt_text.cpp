#include "certificate/attempt_text.hpp"

#include "certificate/spelling.hpp"

namespace mayfly::certificate {

std::string attempt_text(const std::optional<Attempt>& attempt) {
  if (!attempt) return std::string(attempt_uncounted);
  std::string text = std::to_string(attempt->number) + " of " +
                     std::to_string(attempt->dataset_total) + " on this dataset, " +
                     std::to_string(attempt->same_input) + " with this very input";
  if (attempt->open != 0) text += ", " + std::to_string(attempt->open) + " without an end";
  if (attempt->study) {
    text += "; " + std::to_string(attempt->study->started) + " of " +
            std::to_string(attempt->study->planned) + " planned in its study";
  }
  return text;
}

}  // namespace mayfly::certificate
