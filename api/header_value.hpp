// The text of a header field, without the blanks that may stand around it.
//
// Source    RFC 9110, 5.6.3 (OWS).
#pragma once
#include <string_view>

namespace mayfly::api {

inline std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace mayfly::api
