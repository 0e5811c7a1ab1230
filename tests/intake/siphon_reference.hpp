// What a whole-document JSON parser says of a request body, to compare the siphon with.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace mayfly::test {

struct SiphonReference {
  bool valid = false;                // by the JSON grammar
  std::size_t depth = 0;             // deepest nesting
  bool named_twice = false;          // "dataset" at the top, or "data" within it
  bool data_given = false;           // dataset.data exists
  std::optional<std::string> plain;  // what it decodes to; absent: not the form asked for
  std::string rest;                  // canonical dump of the body with dataset.data = ""
};

SiphonReference siphon_reference(std::string_view body);

// Canonical dump, to compare documents by value. Empty: not valid JSON.
std::string canonical_dump(std::string_view json);

}  // namespace mayfly::test
