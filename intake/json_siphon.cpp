#include "intake/json_siphon.hpp"

#include <string.h>

#include <algorithm>
#include <utility>

namespace mayfly::intake {
namespace {

constexpr std::string_view dataset_name = "dataset";
constexpr std::string_view data_name = "data";
constexpr std::string_view data_prefix = "base64:";
constexpr std::string_view data_form =
    "dataset.data must be a string \"base64:\" followed by standard base64 with padding";

bool is_white_space(std::uint8_t byte) {
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

// The value of a hexadecimal digit, or -1.
int hex_value(std::uint8_t byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

// What stands after a backslash, and what it means. 0: no such escape.
std::uint8_t unescaped(std::uint8_t byte) {
  switch (byte) {
    case '"':
    case '\\':
    case '/': return byte;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return 0;
  }
}

}  // namespace

JsonSiphon::JsonSiphon(const IntakeLimits& limits, JobIdentity identity, std::size_t rest_bytes_max)
    : limits_(limits), identity_(identity), rest_bytes_max_(rest_bytes_max) {}

JsonSiphon::~JsonSiphon() {
  ::explicit_bzero(rest_.data(), rest_.size());
}

Result<JsonSiphon> JsonSiphon::begin(const IntakeLimits& limits, JobIdentity identity,
                                     std::size_t rest_bytes_max) {
  return JsonSiphon(limits, identity, rest_bytes_max);
}

std::unexpected<Error> JsonSiphon::fail_here(ErrorCode code, std::string_view what) const {
  return fail(code, "request body, byte " + std::to_string(offset_) + ": " + std::string(what));
}

Result<void> JsonSiphon::append(ByteView chunk) {
  std::size_t at = 0;
  while (at < chunk.size()) {
    if (state_ == State::text && role_ == Role::data && matched_ == data_prefix.size()) {
      auto taken = base64_.append(chunk.subspan(at), *intake_);
      if (!taken) return std::unexpected(std::move(taken).error().while_doing("dataset.data"));
      at += *taken;
      offset_ += *taken;
      if (at == chunk.size()) break;
    }
    CHECK_OK(step(chunk[at]));
    ++at;
    ++offset_;
  }
  return {};
}

Result<void> JsonSiphon::step(std::uint8_t byte) {
  // Never valid JSON, and some parsers take it for the end: they would not see what follows.
  if (byte == 0) return fail_here(ErrorCode::malformed, "a NUL byte");
  // What belongs to dataset.data is replaced by the "" that begin_text() and end_text() keep.
  if (state_ == State::structure || role_ != Role::data) CHECK_OK(keep(byte));
  switch (state_) {
    case State::structure: return on_structure(byte);
    case State::text: return on_text(byte);
    case State::escape: return on_escape(byte);
    case State::unicode: return on_unicode(byte);
  }
  return fail_here(ErrorCode::internal, "no such state");
}

Result<void> JsonSiphon::keep(std::uint8_t byte) {
  if (rest_.size() == rest_bytes_max_) {
    return fail_here(ErrorCode::limit, "the request without its dataset is larger than " +
                                           std::to_string(rest_bytes_max_) +
                                           " bytes (rest_bytes_max): send large content as the "
                                           "dataset");
  }
  if (rest_.size() == rest_.capacity()) grow_rest();
  rest_ += static_cast<char>(byte);
  return {};
}

// As the string would, except that the memory it leaves is wiped.
void JsonSiphon::grow_rest() {
  constexpr std::size_t rest_bytes_min = 4096;
  std::string larger;
  larger.reserve(std::max(rest_bytes_min, 2 * rest_.capacity()));
  larger = rest_;
  rest_.swap(larger);
  ::explicit_bzero(larger.data(), larger.size());
}

Result<void> JsonSiphon::on_structure(std::uint8_t byte) {
  const bool at_value = at_data_ && depth_ == 2 && byte != ':' && !is_white_space(byte);
  if (at_value && byte != '"') return fail_here(ErrorCode::malformed, data_form);
  switch (byte) {
    case '{':
    case '[': return open(byte);
    case '}':
    case ']': return close();
    case '"': return begin_text();
    case ':': name_next_ = false; return {};
    case ',':
      name_next_ = in_object();
      if (depth_ == 1) at_dataset_ = false;
      return {};
    default: return {};
  }
}

Result<void> JsonSiphon::open(std::uint8_t byte) {
  if (depth_ == json_depth_max) {
    return fail_here(ErrorCode::limit, "nested deeper than " + std::to_string(json_depth_max) +
                                           " levels (json_depth_max): flatten the request");
  }
  if (depth_ == 1) in_dataset_ = at_dataset_ && byte == '{';
  objects_ = objects_ << 1U | (byte == '{' ? 1U : 0U);
  ++depth_;
  name_next_ = byte == '{';
  return {};
}

Result<void> JsonSiphon::close() {
  if (depth_ == 0) return fail_here(ErrorCode::malformed, "closes what was not opened");
  objects_ >>= 1U;
  --depth_;
  name_next_ = false;
  if (depth_ == 1) in_dataset_ = false;
  return {};
}

Result<void> JsonSiphon::begin_text() {
  state_ = State::text;
  role_ = name_next_ ? Role::name : Role::other;
  matched_ = 0;
  matches_ = true;
  wanted_ = {};
  if (role_ == Role::name) {
    if (depth_ == 1) wanted_ = dataset_name;
    if (depth_ == 2 && in_dataset_) wanted_ = data_name;
  } else if (at_data_ && depth_ == 2) {
    role_ = Role::data;
    wanted_ = data_prefix;
    TRY(intake_, FileIntake::begin(std::string(dataset_name), limits_, identity_));
  }
  return {};
}

Result<void> JsonSiphon::on_text(std::uint8_t byte) {
  if (byte == '"') return end_text();
  if (byte == '\\') {
    state_ = State::escape;
    return {};
  }
  return on_character(byte);
}

Result<void> JsonSiphon::on_escape(std::uint8_t byte) {
  state_ = State::text;
  if (byte == 'u') {
    state_ = State::unicode;
    unicode_ = 0;
    unicode_digits_ = 0;
    return {};
  }
  const std::uint8_t character = unescaped(byte);
  if (character == 0) return fail_here(ErrorCode::malformed, "no such escape in JSON");
  return on_character(character);
}

Result<void> JsonSiphon::on_unicode(std::uint8_t byte) {
  const int value = hex_value(byte);
  if (value < 0) return fail_here(ErrorCode::malformed, "\\u needs four hexadecimal digits");
  unicode_ = unicode_ << 4U | static_cast<std::uint32_t>(value);
  ++unicode_digits_;
  if (unicode_digits_ < 4) return {};
  state_ = State::text;
  return on_character(unicode_);
}

// Everything that is looked for is ASCII: a code unit above it, or a byte of one, matches nothing.
Result<void> JsonSiphon::on_character(std::uint32_t code_unit) {
  if (role_ == Role::data) return on_data_character(code_unit);
  matches_ = matches_ && matched_ < wanted_.size() &&
             code_unit == static_cast<std::uint8_t>(wanted_[matched_]);
  ++matched_;
  return {};
}

Result<void> JsonSiphon::on_data_character(std::uint32_t code_unit) {
  if (matched_ < data_prefix.size()) {
    if (code_unit != static_cast<std::uint8_t>(data_prefix[matched_])) {
      return fail_here(ErrorCode::malformed, data_form);
    }
    ++matched_;
    return {};
  }
  if (code_unit > 0x7F) return fail_here(ErrorCode::malformed, data_form);
  const auto character = static_cast<std::uint8_t>(code_unit);
  TRY(const std::size_t taken, base64_.append(ByteView(&character, 1), *intake_));
  if (taken == 0) return fail_here(ErrorCode::malformed, data_form);
  return {};
}

Result<void> JsonSiphon::end_text() {
  state_ = State::structure;
  if (role_ == Role::name) return end_name();
  if (role_ == Role::other) return {};
  if (matched_ < data_prefix.size()) return fail_here(ErrorCode::malformed, data_form);
  auto whole = base64_.finish();
  if (!whole) return std::unexpected(std::move(whole).error().while_doing("dataset.data"));
  at_data_ = false;
  return keep('"');  // the opening one was kept as structure
}

Result<void> JsonSiphon::end_name() {
  if (!matches_ || matched_ != wanted_.size() || wanted_.empty()) return {};
  const bool is_dataset = depth_ == 1;
  if (std::exchange(is_dataset ? seen_dataset_ : seen_data_, true)) {
    return fail_here(ErrorCode::malformed,
                     is_dataset ? "\"dataset\" is given twice" : "\"dataset.data\" is given twice");
  }
  (is_dataset ? at_dataset_ : at_data_) = true;
  return {};
}

Result<JsonSiphon::Parts> JsonSiphon::finish() && {
  if (state_ != State::structure || depth_ != 0) {
    return fail_here(ErrorCode::malformed, "the JSON text ends before it is complete");
  }
  Parts parts{.rest_json = std::move(rest_), .data = std::nullopt};
  if (intake_) {
    TRY(parts.data, std::move(*intake_).seal());
  }
  return parts;
}

}  // namespace mayfly::intake
