#include "api/json_out.hpp"

#include <algorithm>

#include "base/text_encoding.hpp"
#include "certificate/json_string.hpp"

namespace mayfly::api {
namespace {

std::string as_json_text(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = certificate::utf8_sequence_bytes(text, at);
    if (length == 0 || text[at] == '\0') {
      safe.push_back('?');
      ++at;
    } else {
      safe.append(text, at, length);
      at += length;
    }
  }
  return safe;
}

bool is_json_text(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = certificate::utf8_sequence_bytes(text, at);
    if (length == 0 || text[at] == '\0') return false;
    at += length;
  }
  return true;
}

// RFC 4648 section 4, padded: the form that "base64:" in a request has too.
std::string base64(std::string_view bytes) {
  std::string text = base64url_encode(bytes_of(bytes));
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

}  // namespace

void text_member(JsonOut& json, std::string_view name, std::string_view text) {
  json.member(name, as_json_text(text));
}

void output_member(JsonOut& json, std::string_view name, std::string_view output) {
  if (is_json_text(output)) {
    json.member(name, output);
    return;
  }
  json.member(name, base64(output));
  json.member(std::string(name) + "_encoding", "base64");
}

}  // namespace mayfly::api
