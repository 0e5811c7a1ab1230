#include "api/sealed_media_type.hpp"

#include "base/ascii_case.hpp"

namespace mayfly::api {

bool is_media_type(std::string_view content_type, std::string_view wanted) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  const std::size_t end = type.find_last_not_of(" \t");
  return end != std::string_view::npos && same_without_case(type.substr(0, end + 1), wanted);
}

}  // namespace mayfly::api
