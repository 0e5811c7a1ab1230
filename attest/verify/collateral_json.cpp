#include "attest/verify/collateral_json.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>

#include "base/ascii_case.hpp"

namespace mayfly::attest {
namespace {

constexpr std::size_t depth_max = 16;
constexpr std::size_t values_max = 20'000;
constexpr std::size_t members_max = 64;
constexpr std::size_t token_members_max = 1024;  // an environment is among them

std::unexpected<Error> wrong(std::string_view name, const char* what) {
  return fail(ErrorCode::malformed, "the member " + std::string(name) + " " + what);
}

int hex_value(char c) {
  if (is_ascii_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The digits at `at`, or -1 if one of them is none.
int digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (const char c : text.substr(at, count)) {
    if (!is_ascii_digit(c)) return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<UnixMillis> time_from(std::string_view text) {
  constexpr std::string_view form = "dddd-dd-ddTdd:dd:ddZ";
  if (text.size() != form.size()) return std::nullopt;
  for (std::size_t i = 0; i < form.size(); ++i) {
    if (form[i] == 'd' ? !is_ascii_digit(text[i]) : text[i] != form[i]) return std::nullopt;
  }
  const std::chrono::year_month_day date(
      std::chrono::year(digits(text, 0, 4)),
      std::chrono::month(static_cast<unsigned>(digits(text, 5, 2))),
      std::chrono::day(static_cast<unsigned>(digits(text, 8, 2))));
  const int hour = digits(text, 11, 2);
  const int minute = digits(text, 14, 2);
  const int second = digits(text, 17, 2);
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const auto at = std::chrono::sys_days(date) + std::chrono::hours(hour) +
                  std::chrono::minutes(minute) + std::chrono::seconds(second);
  return UnixMillis{
      std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count()};
}

}  // namespace

class CollateralJson::Scanner {
 public:
  Scanner(std::string_view text, JsonText form) : text_(text), form_(form) {}

  Result<std::vector<Node>> run() {
    const bool is_read = document();
    if (!is_read) {
      return fail(code_, "byte " + std::to_string(at_) + ": " + broken_rule_);
    }
    return std::move(nodes_);
  }

 private:
  struct Frame {
    std::uint32_t node;
    std::size_t children = 0;
  };

  bool refuse(const char* rule, ErrorCode code = ErrorCode::malformed) {
    broken_rule_ = rule;
    code_ = code;
    return false;
  }

  bool more() const { return at_ < text_.size(); }
  void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

  bool document() {
    if (text_.size() > collateral_json_bytes_max) {
      return refuse("more than 524288 bytes", ErrorCode::limit);
    }
    skip_space();
    if (!value(0, 0)) return false;
    while (!frames_.empty()) {
      if (!next_in_container()) return false;
    }
    skip_space();
    return !more() || refuse("nothing may follow the document");
  }

  bool value(std::size_t name_begin, std::size_t name_end) {
    if (!more()) return refuse("a value must stand here");
    if (nodes_.size() == values_max) return refuse("too many values", ErrorCode::limit);
    nodes_.push_back({.kind = Kind::object,
                      .begin = static_cast<std::uint32_t>(at_),
                      .end = 0,
                      .name_begin = static_cast<std::uint32_t>(name_begin),
                      .name_end = static_cast<std::uint32_t>(name_end),
                      .subtree_end = static_cast<std::uint32_t>(nodes_.size() + 1)});
    const char first = text_[at_];
    if (first == '{' || first == '[') return open(first);
    Node& node = nodes_.back();
    bool is_read = false;
    if (first == '"') {
      is_read = form_ == JsonText::plain ? string() : escaped_string();
      nodes_.back().kind = is_plain_ ? Kind::string : Kind::unread;
    } else if (is_ascii_digit(first)) {
      is_read = integer();
      nodes_.back().kind = is_plain_ ? Kind::integer : Kind::unread;
    } else if (form_ == JsonText::escaped && (first == '-' || first == 'n')) {
      node.kind = Kind::unread;
      is_read = first == 'n' ? literal("null") || refuse("a value must stand here") : number();
    } else {
      node.kind = Kind::boolean;
      is_read = literal("true") || literal("false") || refuse("a value must stand here");
    }
    node.end = static_cast<std::uint32_t>(at_);
    return is_read;
  }

  bool open(char bracket) {
    if (frames_.size() == depth_max) return refuse("nested too deeply", ErrorCode::limit);
    nodes_.back().kind = bracket == '{' ? Kind::object : Kind::array;
    frames_.push_back({.node = static_cast<std::uint32_t>(nodes_.size() - 1)});
    ++at_;
    return true;
  }

  bool next_in_container() {
    Frame& frame = frames_.back();
    const bool is_object = nodes_[frame.node].kind == Kind::object;
    skip_space();
    if (!more()) return refuse("the document ends inside an array or object");
    if (text_[at_] == (is_object ? '}' : ']')) {
      ++at_;
      nodes_[frame.node].end = static_cast<std::uint32_t>(at_);
      nodes_[frame.node].subtree_end = static_cast<std::uint32_t>(nodes_.size());
      frames_.pop_back();
      return true;
    }
    if (frame.children > 0) {
      if (text_[at_] != ',') return refuse("',' or the closing bracket must stand here");
      ++at_;
      skip_space();
    }
    ++frame.children;
    return is_object ? named_value(frame) : value(0, 0);
  }

  bool named_value(const Frame& frame) {
    const std::size_t most = form_ == JsonText::plain ? members_max : token_members_max;
    if (frame.children > most) return refuse("too many members", ErrorCode::limit);
    const std::size_t begin = at_ + 1;
    if (!more() || text_[at_] != '"') return refuse("a member name must stand here");
    if (!string()) return false;
    const std::size_t end = at_ - 1;
    const std::string_view name = text_.substr(begin, end - begin);
    for (std::uint32_t i = frame.node + 1; i < nodes_.size(); i = nodes_[i].subtree_end) {
      const Node& earlier = nodes_[i];
      if (text_.substr(earlier.name_begin, earlier.name_end - earlier.name_begin) == name) {
        return refuse("a member name may stand only once in an object");
      }
    }
    skip_space();
    if (!more() || text_[at_] != ':') return refuse("':' must stand after a member name");
    ++at_;
    skip_space();
    return value(begin, end);
  }

  bool string() {
    for (++at_; more(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c < 0x20 || c > 0x7e || c == '\\') {
        return refuse("a string holds printable ASCII without escapes");
      }
    }
    return refuse("the document ends inside a string");
  }

  bool integer() {
    is_plain_ = true;
    const std::size_t begin = at_;
    while (more() && is_ascii_digit(text_[at_])) ++at_;
    if (at_ - begin > 1 && text_[begin] == '0') return refuse("a number with a leading zero");
    const bool goes_on = more() && (text_[at_] == '.' || text_[at_] == 'e' || text_[at_] == 'E');
    if (!goes_on) return true;
    if (form_ == JsonText::plain) return refuse("a number must be a whole one");
    at_ = begin;
    return number();
  }

  // Any number, roughly: whoever wrote it signed it, and nobody reads it.
  bool number() {
    is_plain_ = false;
    at_ = std::min(text_.find_first_not_of("+-.0123456789eE", at_), text_.size());
    return true;
  }

  bool escaped_string() {
    is_plain_ = true;
    for (++at_; more(); ++at_) {
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c < 0x20) return refuse("a string holds no control characters");
      is_plain_ = is_plain_ && c <= 0x7e && c != '\\';
      if (c == '\\' && !escape()) return refuse("an escape that JSON does not have");
    }
    return refuse("the document ends inside a string");
  }

  // At its backslash; afterwards at its last character.
  bool escape() {
    ++at_;
    if (!more()) return false;
    if (text_[at_] != 'u') return std::string_view(R"("\/bfnrt)").find(text_[at_]) != text_.npos;
    for (int i = 0; i < 4; ++i) {
      ++at_;
      if (!more() || hex_value(text_[at_]) < 0) return false;
    }
    return true;
  }

  bool literal(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  std::string_view text_;
  JsonText form_;
  std::size_t at_ = 0;
  bool is_plain_ = true;  // the last string or number is of the restricted form
  std::vector<Node> nodes_;
  std::vector<Frame> frames_;
  const char* broken_rule_ = "";
  ErrorCode code_ = ErrorCode::malformed;
};

Result<CollateralJson> CollateralJson::parse(ByteView bytes, JsonText text) {
  CollateralJson out;
  out.text_ = mayfly::text_of(bytes);
  TRY(out.nodes_, Scanner(out.text_, text).run());
  return out;
}

ByteView JsonPart::slice() const {
  const auto& node = document_->nodes_[index_];
  return bytes_of(document_->text_.substr(node.begin, node.end - node.begin));
}

std::optional<JsonPart> JsonPart::find(std::string_view name) const {
  const auto& nodes = document_->nodes_;
  if (nodes[index_].kind != CollateralJson::Kind::object) {
    return std::nullopt;
  }
  for (std::uint32_t i = index_ + 1; i < nodes[index_].subtree_end; i = nodes[i].subtree_end) {
    if (document_->text_.substr(nodes[i].name_begin, nodes[i].name_end - nodes[i].name_begin) ==
        name) {
      return JsonPart(*document_, i);
    }
  }
  return std::nullopt;
}

Result<JsonPart> JsonPart::member(std::string_view name) const {
  const auto found = find(name);
  if (!found) {
    return wrong(name, "is missing");
  }
  return *found;
}

std::size_t JsonPart::member_count() const {
  const auto& nodes = document_->nodes_;
  std::size_t count = 0;
  for (std::uint32_t i = index_ + 1; i < nodes[index_].subtree_end; i = nodes[i].subtree_end) {
    ++count;
  }
  return count;
}

Result<std::vector<JsonPart>> JsonPart::items() const {
  const auto& nodes = document_->nodes_;
  if (nodes[index_].kind != CollateralJson::Kind::array) {
    return fail(ErrorCode::malformed, "an array must stand where something else does");
  }
  std::vector<JsonPart> out;
  for (std::uint32_t i = index_ + 1; i < nodes[index_].subtree_end; i = nodes[i].subtree_end) {
    out.push_back(JsonPart(*document_, i));
  }
  return out;
}

Result<std::string_view> JsonPart::text() const {
  if (document_->nodes_[index_].kind != CollateralJson::Kind::string) {
    return fail(ErrorCode::malformed, "a string must stand where something else does");
  }
  const std::string_view quoted = mayfly::text_of(slice());
  return quoted.substr(1, quoted.size() - 2);
}

Result<std::uint32_t> JsonPart::integer(std::uint32_t value_max) const {
  const std::string_view text = mayfly::text_of(slice());
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (document_->nodes_[index_].kind != CollateralJson::Kind::integer || error != std::errc() ||
      end != text.data() + text.size() || value > value_max) {
    return fail(ErrorCode::malformed, "a whole number up to " + std::to_string(value_max) +
                                          " must stand where something else does");
  }
  return value;
}

Result<std::string_view> JsonPart::text_of(std::string_view name) const {
  TRY(const JsonPart part, member(name));
  auto text = part.text();
  if (!text) {
    return wrong(name, "must be a string");
  }
  return text;
}

Result<std::uint32_t> JsonPart::integer_of(std::string_view name, std::uint32_t value_max) const {
  TRY(const JsonPart part, member(name));
  auto value = part.integer(value_max);
  if (!value) {
    return wrong(name, "must be a whole number within its bounds");
  }
  return value;
}

Result<UnixMillis> JsonPart::time_of(std::string_view name) const {
  TRY(const std::string_view text, text_of(name));
  const auto at = time_from(text);
  if (!at) {
    return wrong(name, "must be a time like 2025-06-19T10:16:03Z");
  }
  return *at;
}

Result<void> JsonPart::hex_of(std::string_view name, std::span<std::uint8_t> out) const {
  TRY(const std::string_view text, text_of(name));
  if (text.size() != 2 * out.size()) {
    return wrong(name, "must be hex digits of another number");
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = hex_value(text[2 * i]);
    const int low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) {
      return wrong(name, "must be hex digits");
    }
    out[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return {};
}

}  // namespace mayfly::attest
