#include "pipeline/utf8_text.hpp"

#include "base/text_encoding.hpp"
#include "certificate/json_string.hpp"

namespace mayfly::pipeline {

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = certificate::utf8_sequence_bytes(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string printable_name(std::string_view name) {
  std::string out;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t length = certificate::utf8_sequence_bytes(name, at);
    const auto first = static_cast<unsigned char>(name[at]);
    if (length == 0 || first < 0x20 || first == 0x7f || first == '%') {
      out += '%' + hex_encode(bytes_of(name.substr(at, 1)));
      ++at;
    } else {
      out.append(name.substr(at, length));
      at += length;
    }
  }
  return out;
}

}  // namespace mayfly::pipeline
