#include "attest/verify/azure_json.hpp"

#include <algorithm>
#include <utility>

namespace mayfly::attest {
namespace {

constexpr std::size_t levels_max = 6;
constexpr std::size_t claims_max = 256;
constexpr std::size_t names_max = 512;

}  // namespace

class AzureJson::Scanner {
 public:
  Scanner(std::string_view text, AzureJson& out) : text_(text), out_(out) {}

  Result<void> run() {
    CHECK_OK(begin_value(""));
    while (!open_.empty()) {
      CHECK_OK(step());
    }
    skip_space();
    if (at_ != text_.size()) {
      return refuse("something follows the value");
    }
    return {};
  }

 private:
  enum class Container : std::uint8_t { object, array };
  struct Level {
    Container container;
    std::string path;
    std::size_t count = 0;
  };

  std::unexpected<Error> refuse(const char* what, ErrorCode code = ErrorCode::malformed) const {
    return fail(code, "byte " + std::to_string(at_) + " of the runtime claims: " + what);
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool take(char wanted) {
    if (peek() != wanted || at_ == text_.size()) {
      return false;
    }
    ++at_;
    return true;
  }

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) {
      ++at_;
    }
  }

  // The next member or item of the innermost container, or its end.
  Result<void> step() {
    Level& level = open_.back();
    const bool is_object = level.container == Container::object;
    skip_space();
    if (take(is_object ? '}' : ']')) {
      open_.pop_back();
      return {};
    }
    if (level.count > 0 && !take(',')) {
      return refuse("a comma or an end is missing");
    }
    skip_space();
    std::string path = level.path.empty() ? "" : level.path + "/";
    if (is_object) {
      TRY(const std::string_view name, string());
      path += name;
      if (name.empty() || name.find('/') != name.npos || !is_new(path)) {
        return refuse("a name that is empty, has a slash, or stands twice");
      }
      skip_space();
      if (!take(':')) {
        return refuse("a colon is missing");
      }
    } else {
      path += std::to_string(level.count);
    }
    ++level.count;
    return begin_value(std::move(path));
  }

  bool is_new(const std::string& path) {
    if (std::ranges::find(names_, path) != names_.end() || names_.size() == names_max) {
      return false;
    }
    names_.push_back(path);
    return true;
  }

  Result<void> begin_value(std::string path) {
    skip_space();
    if (peek() == '{' || peek() == '[') {
      if (open_.size() == levels_max) {
        return refuse("it is nested too deeply", ErrorCode::limit);
      }
      open_.push_back({.container = peek() == '{' ? Container::object : Container::array,
                       .path = std::move(path),
                       .count = 0});
      ++at_;
      skip_space();
      return {};
    }
    if (out_.values_.size() == claims_max) {
      return refuse("it has more than 256 values", ErrorCode::limit);
    }
    AzureValue value{.path = std::move(path), .kind = AzureValueKind::null, .text = {}};
    if (peek() == '"') {
      value.kind = AzureValueKind::string;
      TRY(value.text, string());
    } else {
      CHECK_OK(literal(value));
    }
    out_.values_.push_back(std::move(value));
    return {};
  }

  Result<std::string_view> string() {
    if (!take('"')) {
      return refuse("a string is missing");
    }
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] < 0x20 || text_[at_] > 0x7e || text_[at_] == '\\') {
        return refuse("a string holds printable ASCII without escapes");
      }
      ++at_;
    }
    if (at_ == text_.size()) {
      return refuse("a string does not end");
    }
    return text_.substr(begin, at_++ - begin);
  }

  Result<void> literal(AzureValue& value) {
    for (const std::string_view word : {"true", "false", "null"}) {
      if (text_.substr(at_).starts_with(word)) {
        value.kind = word == "null" ? AzureValueKind::null : AzureValueKind::boolean;
        value.text = text_.substr(at_, word.size());
        at_ += word.size();
        return {};
      }
    }
    const std::size_t begin = at_;
    while (peek() >= '0' && peek() <= '9') {
      ++at_;
    }
    value.kind = AzureValueKind::integer;
    value.text = text_.substr(begin, at_ - begin);
    if (value.text.empty() || (value.text.size() > 1 && value.text.front() == '0')) {
      return refuse("a value is missing, or a number that is not a plain integer");
    }
    return {};
  }

  std::string_view text_;
  AzureJson& out_;
  std::size_t at_ = 0;
  std::vector<Level> open_;
  std::vector<std::string> names_;
};

Result<AzureJson> AzureJson::parse(ByteView text) {
  if (text.size() > azure_json_bytes_max) {
    return fail(ErrorCode::limit, "runtime claims are at most 16 KiB, these have " +
                                      std::to_string(text.size()) + " bytes");
  }
  AzureJson out;
  CHECK_OK(Scanner(text_of(text), out).run());
  return out;
}

const AzureValue* AzureJson::find(std::string_view path, AzureValueKind kind) const {
  const auto found = std::ranges::find(values_, path, &AzureValue::path);
  return found != values_.end() && found->kind == kind ? &*found : nullptr;
}

std::optional<std::string_view> AzureJson::string_at(std::string_view path) const {
  const AzureValue* value = find(path, AzureValueKind::string);
  return value == nullptr ? std::nullopt : std::optional(value->text);
}

std::optional<bool> AzureJson::boolean_at(std::string_view path) const {
  const AzureValue* value = find(path, AzureValueKind::boolean);
  return value == nullptr ? std::nullopt : std::optional(value->text == "true");
}

}  // namespace mayfly::attest
