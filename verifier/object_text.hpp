// Puts the commas and braces of the small JSON objects that reports are; every string is inert.
//
// Threads   Plain values.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "verifier/inert_text.hpp"

namespace mayfly::verifier {

// Puts the commas; the callers write members in sorted order.
class ObjectText {
 public:
  void member(std::string_view name, std::string_view json) {
    text_ += text_.empty() ? "{" : ",";
    text_ += inert_json_string(name);
    text_ += ':';
    text_ += json;
  }
  void string(std::string_view name, std::string_view value) {
    member(name, inert_json_string(value));
  }
  void integer(std::string_view name, std::int64_t value) { member(name, std::to_string(value)); }
  std::string finish() && { return (text_.empty() ? "{" : std::move(text_)) + "}"; }

 private:
  std::string text_;
};

template <class Items, class Encode>
std::string array_text(const Items& items, const Encode& encode) {
  std::string text = "[";
  for (const auto& item : items) {
    if (text.size() > 1) {
      text += ',';
    }
    text += encode(item);
  }
  return text + "]";
}

}  // namespace mayfly::verifier
