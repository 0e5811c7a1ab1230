#include "cli/json_text.hpp"

#include <nlohmann/json.hpp>

namespace mayfly::cli {

std::string json_text(std::string_view text) {
  // ensure_ascii: bidirectional and control characters come out as \u escapes, inert anywhere.
  return nlohmann::json(text).dump(-1, ' ', /*ensure_ascii=*/true,
                                   nlohmann::json::error_handler_t::replace);
}

}  // namespace mayfly::cli
