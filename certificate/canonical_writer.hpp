// Writes JSON that can only be canonical: members are sorted on the way, and whatever has no
// canonical spelling is refused.
//
// Use       CanonicalWriter w; w.begin_object(); w.member("size", 3); w.end_object();
//           TRY(const std::string text, std::move(w).finish());
// Errors    The first one is kept and finish() returns it. malformed: two members of one name, not
//           UTF-8, U+0000, an integer beyond 2^53-1.  limit: over a bound.  internal: calls in an
//           order that makes no JSON.
// Threads   One writer, one thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "certificate/canonical_json.hpp"

namespace mayfly::certificate {

class CanonicalWriter {
 public:
  explicit CanonicalWriter(const JsonBounds& bounds = {}) : bounds_(bounds) {}

  void begin_object() { begin(Container::object); }
  void end_object() { end(Container::object); }
  void begin_array() { begin(Container::array); }
  void end_array() { end(Container::array); }

  void name(std::string_view utf8);
  void string(std::string_view utf8);
  void integer(std::int64_t value);
  void boolean(bool value);
  void null();
  // Precondition: `text` is canonical by itself; it counts as one value.
  void canonical_value(std::string_view text);

  void member(std::string_view key, std::string_view value) {
    name(key);
    string(value);
  }
  void member(std::string_view key, const char* value) {
    name(key);
    string(value);
  }
  void member(std::string_view key, std::int64_t value) {
    name(key);
    integer(value);
  }

  const std::optional<Error>& error() const { return error_; }
  Result<std::string> finish() &&;

 private:
  enum class Container : std::uint8_t { object, array };
  struct Frame {
    Container container;
    std::size_t begin;         // in text_, past the bracket
    std::size_t first_member;  // in members_
    bool is_empty = true;
  };
  struct Member {          // positions in text_
    std::size_t begin;     // of the opening quote of its name
    std::size_t name_end;  // of the closing one
    std::size_t end = 0;
  };

  void refuse(ErrorCode code, std::string message);
  bool start_value();
  void finish_value();
  void begin(Container container);
  void end(Container container);
  void sort_members(const Frame& frame);
  std::string_view name_of(const Member& member) const;
  void append_string(std::string_view utf8);

  JsonBounds bounds_;
  std::string text_;
  std::vector<Frame> frames_;
  std::vector<Member> members_;  // of the open objects, innermost last
  std::size_t values_ = 0;
  bool name_is_pending_ = false;
  std::optional<Error> error_;
};

}  // namespace mayfly::certificate
