// Looks into JSON without copying it: every value is a slice of the text it came from, so that what
// is passed on is what was checked, byte for byte.
//
// Source    RFC 8259; RFC 7493 section 2.3 (no duplicate members).
// Shapes    At most json_depth_max deep. Text outlives every view of it.
// Errors    malformed: not JSON, not UTF-8, a member twice, too deep. No byte of the text is in it.
// Threads   Plain values and pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace mayfly::gateway {

inline constexpr std::size_t json_depth_max = 64;

class JsonView {
 public:
  // The whole text is one value, and is checked to its end.
  static Result<JsonView> parse(std::string_view text);

  // Precondition: parse() has accepted this very text. Not checked again.
  static JsonView parsed_before(std::string_view text);

  std::string_view text() const { return text_; }
  bool is_object() const { return text_.front() == '{'; }
  bool is_array() const { return text_.front() == '['; }
  bool is_null() const { return text_ == "null"; }

  // Absent: no such member, or not an object.
  std::optional<JsonView> member(std::string_view name) const;
  // Empty when it is not an object, or not an array.
  std::vector<std::pair<std::string, JsonView>> members() const;
  std::vector<JsonView> elements() const;
  // Absent: of another kind; a number with a fraction or past 2^63-1 is no integer.
  std::optional<std::string> string() const;
  std::optional<std::int64_t> integer() const;
  std::optional<bool> boolean() const;

  // A member's value that is itself looked for: absent also when the member is.
  std::optional<std::string> string_member(std::string_view name) const;
  std::optional<std::int64_t> integer_member(std::string_view name) const;

 private:
  explicit JsonView(std::string_view text) : text_(text) {}
  std::string_view text_;
};

// The members of one object, found once: for an object that is asked many questions.
class JsonMembers {
 public:
  explicit JsonMembers(const JsonView& object) : members_(object.members()) {}

  std::optional<JsonView> member(std::string_view name) const;
  std::optional<std::string> string_member(std::string_view name) const;
  const std::vector<std::pair<std::string, JsonView>>& all() const { return members_; }

 private:
  std::vector<std::pair<std::string, JsonView>> members_;
};

// A JSON string with its quotes.
std::string json_string(std::string_view text);

}  // namespace mayfly::gateway
