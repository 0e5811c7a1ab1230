#include "gateway/http_head.hpp"

#include <algorithm>
#include <charconv>

#include "base/ascii_case.hpp"

namespace mayfly::gateway {
namespace {

std::unexpected<Error> bad_head(std::string_view why) {
  return fail(ErrorCode::malformed, "not an acceptable HTTP/1.1 message: " + std::string(why));
}

bool is_token_character(char c) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') ||
         others.find(c) != std::string_view::npos;
}

bool is_visible(char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  return byte >= 0x20 && byte != 0x7f;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), ascii_lower);
  return out;
}

Result<Header> parse_header(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos)
    return bad_head("a header line without a name");
  const std::string_view name = line.substr(0, colon);
  if (!std::ranges::all_of(name, is_token_character)) return bad_head("a header's name");
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (!std::ranges::all_of(value, [](char c) { return is_visible(c) || c == '\t'; })) {
    return bad_head("a control character in a header");
  }
  return Header{lowered(name), std::string(value)};
}

Result<std::uint64_t> parse_length(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return bad_head("a Content-Length that is no number");
  }
  return value;
}

Result<void> take_framing(MessageHead& head) {
  for (const Header& header : head.headers) {
    if (header.name == "content-length") {
      if (head.framing != Framing::none) return bad_head("its length is given twice");
      TRY(head.content_length, parse_length(header.value));
      head.framing = Framing::sized;
    } else if (header.name == "transfer-encoding") {
      if (head.framing != Framing::none) return bad_head("its length is given twice");
      if (lowered(header.value) != "chunked")
        return bad_head("a transfer coding other than chunked");
      head.framing = Framing::chunked;
    } else if (header.name == "connection" && lowered(header.value) == "close") {
      head.afterwards = Afterwards::close;
    }
  }
  return {};
}

// The first line; the rest is in `into`.
Result<std::string_view> take_lines(std::string_view head, MessageHead& into) {
  if (head.size() > head_bytes_max) {
    return fail(ErrorCode::limit, "a head of more than " + std::to_string(head_bytes_max) +
                                      " bytes (head_bytes_max)");
  }
  std::optional<std::string_view> first;
  for (;;) {
    const std::size_t end = head.find("\r\n");
    if (end == std::string_view::npos) return bad_head("a head that does not end");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    if (line.empty()) break;
    if (!first) {
      first = line;
      continue;
    }
    if (into.headers.size() == head_lines_max) {
      return fail(ErrorCode::limit,
                  "more than " + std::to_string(head_lines_max) + " header lines (head_lines_max)");
    }
    TRY(Header header, parse_header(line));
    into.headers.push_back(std::move(header));
  }
  if (!first || !head.empty()) return bad_head("no first line, or something after the head");
  CHECK_OK(take_framing(into));
  return *first;
}

}  // namespace

std::optional<std::string_view> MessageHead::header(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, &Header::name);
  if (found == headers.end()) return std::nullopt;
  return found->value;
}

Result<RequestHead> parse_request_head(std::string_view text) {
  RequestHead head;
  TRY(std::string_view line, take_lines(text, head));
  const std::size_t method_end = line.find(' ');
  if (method_end == std::string_view::npos) return bad_head("its request line");
  head.method = line.substr(0, method_end);
  line.remove_prefix(method_end + 1);
  const std::size_t target_end = line.find(' ');
  if (target_end == std::string_view::npos || line.substr(target_end) != " HTTP/1.1") {
    return bad_head("its request line; only HTTP/1.1 is spoken here");
  }
  const std::string_view target = line.substr(0, target_end);
  const std::string_view path = target.substr(0, target.find('?'));
  if (path.size() > path_bytes_max) return fail(ErrorCode::limit, "a path that is too long");
  if (!path.starts_with('/') || !std::ranges::all_of(target, is_visible) ||
      !std::ranges::all_of(head.method, is_token_character)) {
    return bad_head("its request line");
  }
  head.path = path;
  return head;
}

Result<ResponseHead> parse_response_head(std::string_view text) {
  ResponseHead head;
  TRY(const std::string_view line, take_lines(text, head));
  // "HTTP/1.1 200 OK"; the reason may be missing, and is never looked at.
  if (!line.starts_with("HTTP/1.1 ") && !line.starts_with("HTTP/1.0 "))
    return bad_head("its status line");
  const std::string_view digits = line.substr(9, 3);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), head.status);
  if (error != std::errc() || end != digits.data() + 3 || head.status < 100 ||
      (line.size() > 12 && line[12] != ' ')) {
    return bad_head("its status line");
  }
  if (line.starts_with("HTTP/1.0")) head.afterwards = Afterwards::close;
  const bool bodiless = head.status < 200 || head.status == 204 || head.status == 304;
  if (bodiless) {
    head.framing = Framing::none;
  } else if (head.framing == Framing::none) {
    head.framing = Framing::until_close;
    head.afterwards = Afterwards::close;
  }
  return head;
}

}  // namespace mayfly::gateway
