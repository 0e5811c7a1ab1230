#include "api/request_framing.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "api/header_value.hpp"
#include "base/ascii_case.hpp"

namespace mayfly::api {
namespace {

std::unexpected<Problem> refuse(ProblemKind kind, std::string detail) {
  return std::unexpected(Problem{kind, std::move(detail)});
}
std::unexpected<Problem> malformed(std::string_view what) {
  return refuse(ProblemKind::malformed_request,
                "the request head is malformed: " + std::string(what));
}

bool is_token_character(char c) {  // RFC 9110 section 5.6.2
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         marks.find(c) != std::string_view::npos;
}
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_character);
}
bool is_visible(char c) {
  return c > 0x20 && c < 0x7f;
}

struct Field {
  std::string_view value;
  std::size_t count = 0;
};
// The header fields that decide framing. Each may come once: the HTTP library would take the first
// of several, someone else the last.
struct Framing {
  Field content_length;
  Field transfer_encoding;
  Field content_encoding;
  Field expect;
  Field host;
};

Field* field_named(std::string_view name, Framing& framing) {
  if (same_without_case(name, "content-length")) return &framing.content_length;
  if (same_without_case(name, "transfer-encoding")) return &framing.transfer_encoding;
  if (same_without_case(name, "content-encoding")) return &framing.content_encoding;
  if (same_without_case(name, "expect")) return &framing.expect;
  if (same_without_case(name, "host")) return &framing.host;
  return nullptr;
}

std::expected<void, Problem> note_line(std::string_view line, Framing& framing) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return malformed("a header line is not \"name: value\"");
  }
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (std::ranges::any_of(value, [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
      })) {
    return malformed("a header value has a control character");
  }
  if (Field* field = field_named(line.substr(0, colon), framing)) {
    field->value = value;
    if (++field->count > 1) return malformed("a header that may come once came twice");
  }
  return {};
}

struct RequestLine {
  std::string_view method;
  std::string_view target;
  std::string_view version;
};

std::expected<RequestLine, Problem> split_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return malformed("the request line");
  const RequestLine parts{line.substr(0, first), line.substr(first + 1, last - first - 1),
                          line.substr(last + 1)};
  if (!is_token(parts.method) || parts.target.empty() || parts.target.front() != '/' ||
      !std::ranges::all_of(parts.target, is_visible)) {
    return malformed("the request line");
  }
  if (parts.version != "HTTP/1.1" && parts.version != "HTTP/1.0") {
    return malformed("only HTTP/1.1 and HTTP/1.0 are spoken here");
  }
  if (parts.target.size() > target_bytes_max) {
    return refuse(ProblemKind::target_too_long, "the request target may have " +
                                                    std::to_string(target_bytes_max) +
                                                    " bytes (target_bytes_max)");
  }
  return parts;
}

std::expected<void, Problem> set_body(RequestHead& head, const Framing& framing,
                                      std::string_view version, std::uint64_t body_bytes_max) {
  if (framing.content_length.count == 1 && framing.transfer_encoding.count == 1) {
    return malformed("Content-Length together with Transfer-Encoding");
  }
  if (framing.transfer_encoding.count == 1) {
    if (version != "HTTP/1.1" || !same_without_case(framing.transfer_encoding.value, "chunked")) {
      return malformed("the only transfer encoding understood is \"chunked\", in HTTP/1.1");
    }
    head.body = RequestHead::Body::chunked;
    return {};
  }
  if (framing.content_length.count == 0) return {};
  const std::string_view digits = framing.content_length.value;
  const bool is_number = !digits.empty() && digits.size() <= 19 &&
                         std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number) return malformed("Content-Length is not a number");
  std::from_chars(digits.data(), digits.data() + digits.size(), head.content_length);
  if (head.content_length > body_bytes_max) {
    return refuse(ProblemKind::too_large, "the body has " + std::string(digits) +
                                              " bytes and may have " +
                                              std::to_string(body_bytes_max));
  }
  head.body = RequestHead::Body::sized;
  return {};
}

std::expected<void, Problem> read_fields(std::string_view head, Framing& framing) {
  std::size_t lines = 0;
  while (true) {
    const std::size_t end = head.find("\r\n");
    if (end == std::string_view::npos) return malformed("it does not end with an empty line");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    if (line.empty()) break;
    if (++lines > head_lines_max || line.size() > head_line_bytes_max) {
      return refuse(ProblemKind::head_too_large,
                    "a request head may have " + std::to_string(head_lines_max) +
                        " header lines (head_lines_max) of " + std::to_string(head_line_bytes_max) +
                        " bytes (head_line_bytes_max)");
    }
    if (auto noted = note_line(line, framing); !noted) return noted;
  }
  if (!head.empty()) return malformed("bytes after its end");
  return {};
}

}  // namespace

std::expected<RequestHead, Problem> check_head(std::string_view head,
                                               std::uint64_t body_bytes_max) {
  const std::size_t line_end = head.find("\r\n");
  if (line_end == std::string_view::npos) return malformed("no request line");
  const auto line = split_request_line(head.substr(0, line_end));
  if (!line) return std::unexpected(line.error());
  Framing framing;
  if (auto read = read_fields(head.substr(line_end + 2), framing); !read) {
    return std::unexpected(std::move(read).error());
  }
  if (framing.host.count == 0 && line->version == "HTTP/1.1") {
    return malformed("a Host header is needed");
  }
  if (framing.content_encoding.count == 1 &&
      !same_without_case(framing.content_encoding.value, "identity")) {
    return refuse(ProblemKind::unsupported_media_type,
                  "a compressed body is not accepted: send it without Content-Encoding");
  }
  if (framing.expect.count == 1 && framing.expect.value != "100-continue") {
    return refuse(ProblemKind::expectation_failed, "the only expectation met is 100-continue");
  }
  RequestHead facts{.method = std::string(line->method),
                    .path = std::string(line->target.substr(0, line->target.find('?')))};
  if (auto set = set_body(facts, framing, line->version, body_bytes_max); !set) {
    return std::unexpected(std::move(set).error());
  }
  return facts;
}

std::optional<Problem> ChunkGuard::take_size(char byte) {
  const auto bad = [] {
    return Problem{ProblemKind::malformed_request, "a chunk of the body has a malformed size"};
  };
  constexpr std::string_view hex = "0123456789abcdefABCDEF";
  if (byte == '\r') {
    if (digits_ == 0) return bad();
    state_ = State::size_lf;
    return std::nullopt;
  }
  const std::size_t digit = hex.find(byte);
  // Sixteen digits are 2^64: one fewer cannot overflow.
  if (digit == std::string_view::npos || ++digits_ > 15) return bad();
  chunk_ = chunk_ * 16 + (digit < 16 ? digit : digit - 6);
  return std::nullopt;
}

std::optional<Problem> ChunkGuard::take(char byte) {
  constexpr std::array wanted = {'\0', '\n', '\0', '\r', '\n', '\r', '\n', '\0'};
  if (state_ == State::size) return take_size(byte);
  if (byte != wanted[static_cast<std::size_t>(state_)]) {
    return Problem{ProblemKind::malformed_request,
                   "the body's chunks are malformed (extensions and trailers are not accepted)"};
  }
  switch (state_) {
    case State::size_lf:
      if (chunk_ > left_) {
        return Problem{ProblemKind::too_large, "the body is larger than this server accepts"};
      }
      left_ -= chunk_;
      state_ = chunk_ == 0 ? State::end_cr : State::data;
      break;
    case State::data_cr: state_ = State::data_lf; break;
    case State::data_lf:
      state_ = State::size;
      digits_ = 0;
      break;
    case State::end_cr: state_ = State::end_lf; break;
    case State::end_lf: state_ = State::done; break;
    case State::size:
    case State::data:
    case State::done: break;
  }
  return std::nullopt;
}

std::expected<std::size_t, Problem> ChunkGuard::accept(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size() && state_ != State::done) {
    if (state_ == State::data) {
      const auto step =
          static_cast<std::size_t>(std::min<std::uint64_t>(chunk_, bytes.size() - at));
      chunk_ -= step;
      at += step;
      if (chunk_ == 0) state_ = State::data_cr;
      continue;
    }
    if (auto problem = take(bytes[at])) return std::unexpected(std::move(*problem));
    ++at;
  }
  return at;
}

}  // namespace mayfly::api
