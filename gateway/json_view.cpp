#include "gateway/json_view.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "base/ascii_case.hpp"

namespace mayfly::gateway {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
// Of a string: stands for itself, and is one byte.
bool is_plain(char c) {
  return c >= 0x20 && c != 0x7f && c != '"' && c != '\\';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::unexpected<Error> not_json(std::string_view why) {
  return fail(ErrorCode::malformed, "not acceptable JSON: " + std::string(why));
}

void append_utf8(std::string& out, std::uint32_t point) {
  const auto tail = [&](int shift) {
    out.push_back(static_cast<char>(0x80U | ((point >> shift) & 0x3fU)));
  };
  if (point < 0x80) {
    out.push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out.push_back(static_cast<char>(0xc0U | (point >> 6)));
    tail(0);
  } else if (point < 0x10000) {
    out.push_back(static_cast<char>(0xe0U | (point >> 12)));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<char>(0xf0U | (point >> 18)));
    tail(12);
    tail(6);
    tail(0);
  }
}

// The length of the UTF-8 sequence that `text` begins with; 0: it begins with none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
  const bool surrogate = lead == 0xed && byte(1) >= 0xa0;
  const bool too_large = lead == 0xf4 && byte(1) >= 0x90;
  return overlong || surrogate || too_large ? 0 : length;
}

// Reads one text from its start; what it accepts, Skipper below may trust.
class Checker {
 public:
  explicit Checker(std::string_view text) : text_(text) {}

  Result<std::string_view> whole() {
    skip_space();
    const std::size_t begin = at_;
    CHECK_OK(value(json_depth_max));
    const std::size_t end = at_;
    skip_space();
    if (at_ != text_.size()) return not_json("something follows the value");
    return text_.substr(begin, end - begin);
  }

  // `out` may be null.
  Result<void> string(std::string* out);

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool take(char c) {
    if (peek() != c || at_ == text_.size()) return false;
    ++at_;
    return true;
  }
  Result<void> word(std::string_view expected) {
    if (!text_.substr(at_).starts_with(expected)) return not_json("an unknown word");
    at_ += expected.size();
    return {};
  }
  Result<void> value(std::size_t depth);
  Result<void> object(std::size_t depth);
  Result<void> array(std::size_t depth);
  Result<void> number();
  Result<void> digits() {
    if (!is_ascii_digit(peek())) return not_json("a number without digits");
    while (is_ascii_digit(peek())) ++at_;
    return {};
  }
  Result<std::uint32_t> four_hex();
  Result<void> escape(std::string* out);

  std::string_view text_;
  std::size_t at_ = 0;
};

Result<void> Checker::value(std::size_t depth) {
  if (depth == 0) return not_json("nested deeper than 64 levels");
  switch (peek()) {
    case '{': return object(depth);
    case '[': return array(depth);
    case '"': return string(nullptr);
    case 't': return word("true");
    case 'f': return word("false");
    case 'n': return word("null");
    default: return number();
  }
}

Result<void> Checker::object(std::size_t depth) {
  ++at_;
  skip_space();
  if (take('}')) return {};
  std::set<std::string> names;
  for (;;) {
    std::string name;
    if (peek() != '"') return not_json("a member without a name");
    CHECK_OK(string(&name));
    if (!names.insert(std::move(name)).second) return not_json("a member is there twice");
    skip_space();
    if (!take(':')) return not_json("a member without a value");
    skip_space();
    CHECK_OK(value(depth - 1));
    skip_space();
    if (take('}')) return {};
    if (!take(',')) return not_json("an object that does not end");
    skip_space();
  }
}

Result<void> Checker::array(std::size_t depth) {
  ++at_;
  skip_space();
  if (take(']')) return {};
  for (;;) {
    CHECK_OK(value(depth - 1));
    skip_space();
    if (take(']')) return {};
    if (!take(',')) return not_json("an array that does not end");
    skip_space();
  }
}

Result<void> Checker::number() {
  static_cast<void>(take('-'));
  if (!take('0')) CHECK_OK(digits());
  if (take('.')) CHECK_OK(digits());
  if (take('e') || take('E')) {
    if (!take('+')) static_cast<void>(take('-'));
    CHECK_OK(digits());
  }
  return {};
}

Result<void> Checker::string(std::string* out) {
  ++at_;
  while (at_ < text_.size()) {
    // Most of a request is one long plain string.
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_plain(text_[at_])) ++at_;
    if (out != nullptr) out->append(text_.substr(begin, at_ - begin));
    if (at_ == text_.size()) break;
    const char c = text_[at_];
    if (c == '"') {
      ++at_;
      return {};
    }
    if (static_cast<std::uint8_t>(c) < 0x20) return not_json("a control character in a string");
    if (c == '\\') {
      CHECK_OK(escape(out));
      continue;
    }
    const std::size_t length = utf8_length(text_.substr(at_));
    if (length == 0) return not_json("a string that is not UTF-8");
    if (out != nullptr) out->append(text_.substr(at_, length));
    at_ += length;
  }
  return not_json("a string that does not end");
}

Result<std::uint32_t> Checker::four_hex() {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex_value(peek());
    if (digit < 0) return not_json("an escape without four hex digits");
    value = value * 16 + static_cast<std::uint32_t>(digit);
    ++at_;
  }
  return value;
}

Result<void> Checker::escape(std::string* out) {
  ++at_;
  const char c = peek();
  ++at_;
  constexpr std::string_view letters = "\"\\/bfnrt";
  constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  if (const std::size_t found = letters.find(c); found != std::string_view::npos) {
    if (out != nullptr) out->push_back(meanings[found]);
    return {};
  }
  if (c != 'u') return not_json("an unknown escape");
  TRY(std::uint32_t point, four_hex());
  if (point >= 0xdc00 && point <= 0xdfff) return not_json("half of a surrogate pair");
  if (point >= 0xd800 && point <= 0xdbff) {
    if (!take('\\') || !take('u')) return not_json("half of a surrogate pair");
    TRY(const std::uint32_t low, four_hex());
    if (low < 0xdc00 || low > 0xdfff) return not_json("half of a surrogate pair");
    point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
  }
  if (out != nullptr) append_utf8(*out, point);
  return {};
}

// Walks what Checker has accepted: no error is possible.
class Skipper {
 public:
  explicit Skipper(std::string_view text) : text_(text) {}

  void skip(std::size_t count) { at_ += count; }
  bool ends() {
    while (is_space(text_[at_]) || text_[at_] == ',' || text_[at_] == ':') ++at_;
    return text_[at_] == '}' || text_[at_] == ']';
  }
  std::string_view value() {
    while (is_space(text_[at_]) || text_[at_] == ':') ++at_;
    const std::size_t begin = at_;
    const char c = text_[at_];
    if (c == '"') {
      string();
    } else if (c == '{' || c == '[') {
      nested();
    } else {
      while (at_ < text_.size() && !is_space(text_[at_]) && text_[at_] != ',' &&
             text_[at_] != '}' && text_[at_] != ']') {
        ++at_;
      }
    }
    return text_.substr(begin, at_ - begin);
  }

 private:
  void string() {
    ++at_;
    for (;;) {
      const std::size_t quote = text_.find('"', at_);
      const std::size_t escape = text_.substr(at_, quote - at_).find('\\');
      if (escape == std::string_view::npos) {
        at_ = quote + 1;
        return;
      }
      at_ += escape + 2;
    }
  }
  void nested() {
    std::size_t depth = 0;
    do {
      const char c = text_[at_];
      if (c == '"') {
        string();
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at_;
    } while (depth > 0);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string unescaped(std::string_view string) {
  std::string out;
  static_cast<void>(Checker(string).string(&out));  // was accepted before
  return out;
}

}  // namespace

Result<JsonView> JsonView::parse(std::string_view text) {
  TRY(const std::string_view value, Checker(text).whole());
  return JsonView(value);
}

JsonView JsonView::parsed_before(std::string_view text) {
  while (is_space(text.front())) text.remove_prefix(1);
  while (is_space(text.back())) text.remove_suffix(1);
  return JsonView(text);
}

std::optional<JsonView> JsonView::member(std::string_view name) const {
  if (!is_object()) return std::nullopt;
  Skipper rest(text_);
  rest.skip(1);
  while (!rest.ends()) {
    const std::string_view found = rest.value();
    const std::string_view value = rest.value();
    const std::string_view plain = found.substr(1, found.size() - 2);
    const bool same =
        plain.find('\\') == std::string_view::npos ? plain == name : unescaped(found) == name;
    if (same) return JsonView(value);
  }
  return std::nullopt;
}

std::vector<std::pair<std::string, JsonView>> JsonView::members() const {
  std::vector<std::pair<std::string, JsonView>> found;
  if (!is_object()) return found;
  Skipper rest(text_);
  rest.skip(1);
  while (!rest.ends()) {
    const std::string_view name = rest.value();
    found.emplace_back(unescaped(name), JsonView(rest.value()));
  }
  return found;
}

std::vector<JsonView> JsonView::elements() const {
  std::vector<JsonView> found;
  if (!is_array()) return found;
  Skipper rest(text_);
  rest.skip(1);
  while (!rest.ends()) found.push_back(JsonView(rest.value()));
  return found;
}

std::optional<std::string> JsonView::string() const {
  if (text_.front() != '"') return std::nullopt;
  return unescaped(text_);
}

std::optional<std::int64_t> JsonView::integer() const {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
  if (error != std::errc() || end != text_.data() + text_.size()) return std::nullopt;
  return value;
}

std::optional<bool> JsonView::boolean() const {
  if (text_ == "true") return true;
  if (text_ == "false") return false;
  return std::nullopt;
}

std::optional<std::string> JsonView::string_member(std::string_view name) const {
  const auto found = member(name);
  return found ? found->string() : std::nullopt;
}

std::optional<std::int64_t> JsonView::integer_member(std::string_view name) const {
  const auto found = member(name);
  return found ? found->integer() : std::nullopt;
}

std::optional<JsonView> JsonMembers::member(std::string_view name) const {
  for (const auto& [found, value] : members_) {
    if (found == name) return value;
  }
  return std::nullopt;
}

std::optional<std::string> JsonMembers::string_member(std::string_view name) const {
  const auto found = member(name);
  return found ? found->string() : std::nullopt;
}

std::string json_string(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<std::uint8_t>(c) < 0x20) {
      out += "\\u00";
      out.push_back(digits[static_cast<std::uint8_t>(c) >> 4]);
      out.push_back(digits[static_cast<std::uint8_t>(c) & 0xfU]);
    } else {
      out.push_back(c);
    }
  }
  return out + "\"";
}

}  // namespace mayfly::gateway
