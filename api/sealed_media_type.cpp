#include "api/sealed_media_type.hpp"

#include <algorithm>

namespace mayfly::api {

bool is_media_type(std::string_view content_type, std::string_view wanted) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  const auto same = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  };
  const std::size_t end = type.find_last_not_of(" \t");
  return end != std::string_view::npos && std::ranges::equal(type.substr(0, end + 1), wanted, same);
}

}  // namespace mayfly::api
