// The grammar of canonical JSON, in one place: a scanner that tells a sink what it passes.
//
// Sink      open(kind, begin), close(end), name(begin, end) between the quotes, scalar(kind, begin,
//           end). Called only for bytes that are canonical so far.
// Shapes    One pass, no recursion: one frame per open array or object.
// Threads   One scan, one thread. Does not own the bytes.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "certificate/canonical_json.hpp"
#include "certificate/json_number.hpp"
#include "certificate/json_string.hpp"

namespace mayfly::certificate {

enum class JsonKind : std::uint8_t { object, array, string, number, boolean, null };

template <class Sink>
class CanonicalScan {
 public:
  CanonicalScan(ByteView bytes, const JsonBounds& bounds, Sink& sink)
      : text_(text_of(bytes)), bounds_(bounds), sink_(sink) {}

  Result<void> run(TopLevel top_level) {
    if (!document(top_level)) {
      return fail(code_, "byte " + std::to_string(failed_at_) + ": " + broken_rule_);
    }
    return {};
  }

 private:
  struct Frame {
    JsonKind kind;
    bool is_empty;
    std::string_view last_name;
  };

  // Everything below returns false after noting which rule broke where.
  bool refuse(std::size_t at, const char* rule, ErrorCode code = ErrorCode::malformed) {
    failed_at_ = at;
    broken_rule_ = rule;
    code_ = code;
    return false;
  }

  bool more() const { return at_ < text_.size(); }

  bool document(TopLevel top_level) {
    if (text_.size() > bounds_.bytes_max) {
      return refuse(bounds_.bytes_max, "the document is too large", ErrorCode::limit);
    }
    if (text_.starts_with("\xEF\xBB\xBF")) return refuse(0, "no byte-order mark may be written");
    if (!more()) return refuse(0, "the document is empty");
    const char first = text_[0];
    if (top_level == TopLevel::object && first != '{') {
      return refuse(0, "the document must be one object: it must start with '{'");
    }
    if (top_level == TopLevel::container && first != '{' && first != '[') {
      return refuse(0, "the document must be one object or array");
    }
    if (!value()) return false;
    while (!frames_.empty()) {
      if (!next_in_container()) return false;
    }
    return !more() || refuse(at_, "nothing may follow the document");
  }

  bool value() {
    if (!more()) return refuse(at_, "the document ends where a value must stand");
    if (++values_ > bounds_.values_max) return refuse(at_, "too many values", ErrorCode::limit);
    switch (text_[at_]) {
      case '{': return open(JsonKind::object);
      case '[': return open(JsonKind::array);
      case '"': return string_value();
      case 't': return literal("true", JsonKind::boolean);
      case 'f': return literal("false", JsonKind::boolean);
      case 'n': return literal("null", JsonKind::null);
      default: return number();
    }
  }

  bool open(JsonKind kind) {
    if (frames_.size() == bounds_.depth_max) {
      return refuse(at_, "arrays and objects are nested too deeply", ErrorCode::limit);
    }
    sink_.open(kind, at_);
    frames_.push_back({.kind = kind, .is_empty = true, .last_name = {}});
    ++at_;
    return true;
  }

  bool close() {
    frames_.pop_back();
    ++at_;
    sink_.close(at_);
    return true;
  }

  bool next_in_container() {
    Frame& frame = frames_.back();
    if (!more()) return refuse(at_, "the document ends inside an array or object");
    const char closing = frame.kind == JsonKind::object ? '}' : ']';
    if (text_[at_] == closing) return close();
    if (!frame.is_empty) {
      if (text_[at_] != ',') return refuse_instead_of("',' or the closing bracket must stand here");
      ++at_;
    }
    const bool is_first = std::exchange(frame.is_empty, false);
    return (frame.kind == JsonKind::array || name(frame, is_first)) && value();
  }

  bool name(Frame& frame, bool is_first) {
    const std::size_t opening = at_;
    if (!more() || text_[at_] != '"') return refuse(at_, "a member name must stand here");
    if (!string_body()) return false;
    const std::string_view name = text_.substr(opening + 1, at_ - opening - 2);
    if (!is_first) {
      // Strictly rising names cannot repeat, so comparing with the last one is enough.
      const auto order = compare_names(frame.last_name, name);
      if (order == 0) return refuse(opening, "a member name may stand only once in an object");
      if (order > 0) return refuse(opening, "members must rise in UTF-16 code-unit order");
    }
    frame.last_name = name;
    sink_.name(opening + 1, at_ - 1);
    if (!more() || text_[at_] != ':') return refuse(at_, "':' must stand after a member name");
    ++at_;
    return true;
  }

  bool string_value() {
    const std::size_t begin = at_;
    if (!string_body()) return false;
    sink_.scalar(JsonKind::string, begin, at_);
    return true;
  }

  // From the opening quote to past the closing one.
  bool string_body() {
    const std::size_t inside = ++at_;
    for (;;) {
      at_ += plain_run_bytes(text_, at_);
      if (!more()) return refuse(at_, "the document ends inside a string");
      const char c = text_[at_];
      if (c == '"') break;
      if (c == '\\') {
        const std::size_t length = canonical_escape_bytes(text_, at_);
        if (length == 0) return refuse(at_, "this escape is not the one that RFC 8785 writes");
        at_ += length;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        return refuse(at_, "a control character must be escaped");
      } else if (!beyond_ascii()) {
        return false;
      }
    }
    if (at_ - inside > bounds_.string_bytes_max) {
      return refuse(inside, "the string is too long", ErrorCode::limit);
    }
    ++at_;
    return true;
  }

  bool beyond_ascii() {
    while (more() && static_cast<unsigned char>(text_[at_]) >= 0x80) {
      const std::size_t length = utf8_sequence_bytes(text_, at_);
      if (length == 0) return refuse(at_, "this is not well-formed UTF-8");
      at_ += length;
    }
    return true;
  }

  bool literal(std::string_view word, JsonKind kind) {
    if (text_.substr(at_, word.size()) != word) return refuse(at_, "a value must stand here");
    sink_.scalar(kind, at_, at_ + word.size());
    at_ += word.size();
    return true;
  }

  bool number() {
    const std::size_t begin = at_;
    std::size_t end = begin;
    while (end < text_.size() && is_in_number(text_[end])) ++end;
    if (end == begin) return refuse_instead_of("a value must stand here");
    if (!is_canonical_number(text_.substr(begin, end - begin))) {
      return refuse(begin, "a number must have its one shortest form, as ECMAScript prints it");
    }
    at_ = end;
    sink_.scalar(JsonKind::number, begin, end);
    return true;
  }

  static bool is_in_number(char c) {
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
  }

  bool refuse_instead_of(const char* rule) {
    const char c = text_[at_];
    const bool is_space = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    return refuse(at_, is_space ? "no white space may stand between values" : rule);
  }

  std::string_view text_;
  JsonBounds bounds_;
  Sink& sink_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
  std::vector<Frame> frames_;
  std::size_t failed_at_ = 0;
  const char* broken_rule_ = "";
  ErrorCode code_ = ErrorCode::malformed;
};

}  // namespace mayfly::certificate
