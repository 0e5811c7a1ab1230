#include "certificate/canonical_json.hpp"

#include <utility>

#include "certificate/canonical_scan.hpp"
#include "certificate/canonical_writer.hpp"

namespace mayfly::certificate {
namespace {

struct NoSink {
  void open(JsonKind, std::size_t) {}
  void close(std::size_t) {}
  void name(std::size_t, std::size_t) {}
  void scalar(JsonKind, std::size_t, std::size_t) {}
};

// Reads any RFC 8259 text and writes what it reads. Iterative: `open_` holds one closing bracket
// for each array or object that the reader is in.
class LenientReader {
 public:
  LenientReader(std::string_view text, const JsonBounds& bounds)
      : text_(text), bounds_(bounds), writer_(bounds) {}

  Result<std::string> run(TopLevel top_level);

 private:
  enum class Role : std::uint8_t { name, value };

  std::unexpected<Error> refuse(std::size_t at, std::string_view rule) const {
    return fail(ErrorCode::malformed, "byte " + std::to_string(at) + ": " + std::string(rule));
  }
  bool more() const { return at_ < text_.size(); }
  bool next_is(char c) const { return more() && text_[at_] == c; }
  void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\n\r", at_), text_.size()); }
  Result<void> check_writer(std::size_t at) const;

  Result<void> value();
  Result<void> next_in_container();
  Result<void> close();
  Result<void> name();
  Result<void> string(Role role);
  Result<void> escape(std::string& out);
  Result<unsigned> hex_unit();
  Result<void> number();
  Result<void> literal(std::string_view word);

  std::string_view text_;
  JsonBounds bounds_;
  CanonicalWriter writer_;
  std::size_t at_ = 0;
  std::string open_;
  bool is_first_ = false;  // nothing stands yet in the innermost container
};

Result<void> LenientReader::check_writer(std::size_t at) const {
  if (!writer_.error()) return {};
  return fail(writer_.error()->code(),
              "byte " + std::to_string(at) + ": " + writer_.error()->message());
}

Result<std::string> LenientReader::run(TopLevel top_level) {
  if (text_.size() > bounds_.bytes_max) {
    return fail(ErrorCode::limit,
                "the JSON text is over " + std::to_string(bounds_.bytes_max) + " bytes");
  }
  skip_space();
  if (!more()) return refuse(at_, "there is no JSON value");
  if (top_level != TopLevel::any && text_[at_] != '{' &&
      (top_level == TopLevel::object || text_[at_] != '[')) {
    return refuse(at_, top_level == TopLevel::object ? "the text must be one object"
                                                     : "the text must be one object or array");
  }
  CHECK_OK(value());
  while (!open_.empty()) {
    CHECK_OK(next_in_container());
  }
  skip_space();
  if (more()) return refuse(at_, "nothing but white space may follow the value");
  return std::move(writer_).finish();
}

Result<void> LenientReader::value() {
  skip_space();
  if (!more()) return refuse(at_, "the text ends where a value must stand");
  const std::size_t begin = at_;
  switch (text_[at_]) {
    case '{':
    case '[':
      text_[at_] == '{' ? writer_.begin_object() : writer_.begin_array();
      open_ += text_[at_++] == '{' ? '}' : ']';
      is_first_ = true;
      break;
    case '"': CHECK_OK(string(Role::value)); break;
    case 't': CHECK_OK(literal("true")); break;
    case 'f': CHECK_OK(literal("false")); break;
    case 'n': CHECK_OK(literal("null")); break;
    default: CHECK_OK(number());
  }
  return check_writer(begin);
}

Result<void> LenientReader::next_in_container() {
  skip_space();
  if (!more()) return refuse(at_, "the text ends inside an array or object");
  if (next_is(open_.back())) return close();
  if (!std::exchange(is_first_, false)) {
    if (!next_is(',')) return refuse(at_, "',' or the closing bracket must stand here");
    ++at_;
  }
  if (open_.back() == '}') {
    CHECK_OK(name());
  }
  return value();
}

Result<void> LenientReader::close() {
  open_.back() == '}' ? writer_.end_object() : writer_.end_array();
  open_.pop_back();
  is_first_ = false;
  return check_writer(at_++);
}

Result<void> LenientReader::name() {
  skip_space();
  if (!next_is('"')) return refuse(at_, "a member name must stand here");
  CHECK_OK(string(Role::name));
  skip_space();
  if (!next_is(':')) return refuse(at_, "':' must stand after a member name");
  ++at_;
  return {};
}

Result<void> LenientReader::string(Role role) {
  const std::size_t begin = at_++;
  std::string utf8;
  for (;;) {
    const std::size_t plain = plain_run_bytes(text_, at_);
    utf8.append(text_, at_, plain);
    at_ += plain;
    if (!more()) return refuse(at_, "the text ends inside a string");
    if (next_is('"')) break;
    if (next_is('\\')) {
      CHECK_OK(escape(utf8));
      continue;
    }
    if (static_cast<unsigned char>(text_[at_]) < 0x20) {
      return refuse(at_, "a control character must be escaped");
    }
    const std::size_t length = utf8_sequence_bytes(text_, at_);
    if (length == 0) return refuse(at_, "this is not well-formed UTF-8");
    utf8.append(text_, at_, length);
    at_ += length;
  }
  ++at_;
  role == Role::name ? writer_.name(utf8) : writer_.string(utf8);
  return check_writer(begin);
}

void append_utf8(std::string& out, unsigned code_point) {
  const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3F));
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

Result<void> LenientReader::escape(std::string& out) {
  constexpr std::string_view letters = "\"\\/bfnrt";
  constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  const std::size_t begin = at_++;
  if (!more()) return refuse(at_, "the text ends inside a string");
  const char letter = text_[at_++];
  if (const std::size_t known = letters.find(letter); known != letters.npos) {
    out += meanings[known];
    return {};
  }
  if (letter != 'u') return refuse(begin, "JSON has no such escape");
  TRY(unsigned unit, hex_unit());
  if (unit >= 0xD800 && unit < 0xDC00 && text_.substr(at_, 2) == "\\u") {
    at_ += 2;
    TRY(const unsigned low, hex_unit());
    if (low < 0xDC00 || low > 0xDFFF) return refuse(begin, "a surrogate stands alone");
    unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
  } else if (unit >= 0xD800 && unit < 0xE000) {
    return refuse(begin, "a surrogate stands alone");
  }
  append_utf8(out, unit);
  return {};
}

Result<unsigned> LenientReader::hex_unit() {
  unsigned unit = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    const char c = more() ? text_[at_] : '\0';
    if (c >= '0' && c <= '9') {
      unit = unit * 16 + static_cast<unsigned>(c - '0');
    } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
      unit = unit * 16 + static_cast<unsigned>((c | 0x20) - 'a') + 10;
    } else {
      return refuse(at_, "four hex digits must stand after \\u");
    }
  }
  return unit;
}

Result<void> LenientReader::number() {
  const std::size_t begin = at_;
  at_ = std::min(text_.find_first_not_of("0123456789-+.eE", at_), text_.size());
  if (at_ == begin) return refuse(at_, "a value must stand here");
  std::string canonical;
  switch (append_canonical_number(canonical, text_.substr(begin, at_ - begin))) {
    case NumberReading::exact: writer_.canonical_value(canonical); return {};
    case NumberReading::not_a_number: return refuse(begin, "this is not a JSON number");
    case NumberReading::out_of_range:
      return refuse(begin, "no double holds this number: it is too large or too near to zero");
    case NumberReading::loses_digits:
      return refuse(begin,
                    "this integer does not fit a double exactly: write it as a string to keep it");
  }
  std::unreachable();
}

Result<void> LenientReader::literal(std::string_view word) {
  if (text_.substr(at_, word.size()) != word) return refuse(at_, "a value must stand here");
  at_ += word.size();
  writer_.canonical_value(word);
  return {};
}

}  // namespace

Result<void> check_canonical(ByteView bytes, TopLevel top_level, const JsonBounds& bounds) {
  NoSink sink;
  return CanonicalScan<NoSink>(bytes, bounds, sink).run(top_level);
}

Result<std::string> canonicalize(ByteView json, TopLevel top_level, const JsonBounds& bounds) {
  return LenientReader(text_of(json), bounds).run(top_level);
}

}  // namespace mayfly::certificate
