#include "api/loopback_wire.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>

#include "base/ascii_case.hpp"

namespace mayfly::api {
namespace {

constexpr std::string_view scheme = "http://";

// Names are compared without case: RFC 9110 section 5.1. Empty: there is none.
std::string_view field_of(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(head.size(), line.size() + 2));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !same_without_case(line.substr(0, colon), name)) {
      continue;
    }
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    return value;
  }
  return {};
}

}  // namespace

Result<LoopbackPlace> loopback_place(std::string_view url) {
  const auto malformed = fail(ErrorCode::malformed,
                              "wanted http://127.0.0.1:PORT/... or http://localhost:PORT/...: "
                              "what is elsewhere goes through a proxy on this machine");
  if (!url.starts_with(scheme)) return malformed;
  url.remove_prefix(scheme.size());
  const std::size_t slash = std::min(url.find('/'), url.size());
  const std::string_view authority = url.substr(0, slash);
  LoopbackPlace place{
      .port = 80, .host = std::string(authority), .path = std::string(url.substr(slash))};
  if (place.path.empty()) place.path = "/";
  if (place.path.find_first_of(" \r\n\t") != std::string::npos) return malformed;
  const std::size_t colon = authority.find(':');
  const std::string_view name = authority.substr(0, colon);
  if (name != "127.0.0.1" && name != "localhost") return malformed;
  if (colon == std::string_view::npos) return place;
  const std::string_view port = authority.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), place.port);
  if (error != std::errc() || end != port.data() + port.size() || place.port == 0) return malformed;
  return place;
}

Result<UniqueFd> connect_to(const LoopbackPlace& place, std::chrono::seconds patience) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno("making a socket");
  const timeval longest{.tv_sec = patience.count(), .tv_usec = 0};
  ::setsockopt(socket.borrow(), SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
  ::setsockopt(socket.borrow(), SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof longest);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(place.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.borrow(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
      0) {
    return fail(ErrorCode::unavailable, "nobody answers at " + place.host);
  }
  return socket;
}

Result<LoopbackAnswer> parse_answer(ByteView bytes) {
  const std::string_view text = text_of(bytes);
  const auto malformed = fail(ErrorCode::malformed, "the answer is no HTTP/1.1 answer");
  const std::size_t end = text.find("\r\n\r\n");
  if (!text.starts_with("HTTP/1.1 ") || end == std::string_view::npos || end < 12) {
    return malformed;
  }
  LoopbackAnswer answer;
  const auto [status_end, error] =
      std::from_chars(text.data() + 9, text.data() + 12, answer.status);
  if (error != std::errc() || status_end != text.data() + 12) return malformed;
  const ByteView body = bytes.subspan(end + 4);
  // A body that was cut off must not pass for a whole one.
  const std::string_view head = text.substr(0, end);
  const std::string_view digits = field_of(head, "Content-Length");
  std::uint64_t length = 0;
  const auto [digits_end, wrong] =
      std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (wrong != std::errc() || digits_end != digits.data() + digits.size()) return malformed;
  if (length != body.size()) {
    return fail(ErrorCode::unavailable, "the answer was cut off");
  }
  answer.media_type = field_of(head, "Content-Type");
  answer.body.assign(body.begin(), body.end());
  return answer;
}

}  // namespace mayfly::api
