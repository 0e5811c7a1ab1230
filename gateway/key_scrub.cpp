#include "gateway/key_scrub.hpp"

#include <algorithm>

namespace mayfly::gateway {
namespace {

bool is_key_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '_' || c == '*' || c == '.';
}

// How many bytes from here on are in the key, one after the other.
std::size_t shared_run(std::string_view text, std::string_view key) {
  std::size_t longest = 0;
  for (std::size_t start = 0; start < key.size(); ++start) {
    std::size_t length = 0;
    while (length < text.size() && start + length < key.size() &&
           text[length] == key[start + length]) {
      ++length;
    }
    longest = std::max(longest, length);
  }
  return longest;
}

// `before`: the byte that comes before the text.
std::size_t key_like(std::string_view text, std::string_view key, char before) {
  if (const std::size_t run = shared_run(text, key);
      run >= std::min(key_run_bytes_min, key.size()) && run > 0) {
    return run;
  }
  if (!text.starts_with("sk-") || is_key_character(before)) return 0;
  const auto end = std::ranges::find_if_not(text, is_key_character);
  return static_cast<std::size_t>(end - text.begin());
}

}  // namespace

std::string scrub_key(std::string_view text, ByteView key) {
  std::string out;
  char before = ' ';
  while (!text.empty()) {
    const std::size_t length = key_like(text, text_of(key), before);
    before = text.front();
    if (length == 0) {
      out.push_back(text.front());
      text.remove_prefix(1);
      continue;
    }
    out += "[key]";
    text.remove_prefix(length);
    // What follows at once belongs to it: the stars and the end of a masked key.
    while (!text.empty() && is_key_character(text.front())) text.remove_prefix(1);
  }
  return out;
}

}  // namespace mayfly::gateway
