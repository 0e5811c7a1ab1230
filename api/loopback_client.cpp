#include "api/loopback_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>

#include "base/file_io.hpp"
#include "base/unique_fd.hpp"

namespace mayfly::api {
namespace {

constexpr std::string_view scheme = "http://";
constexpr std::size_t answer_head_bytes_max = std::size_t{16} * 1024;

struct Place {
  std::uint16_t port = 0;
  std::string host;
  std::string path;
};

Result<Place> place_of(std::string_view url) {
  const auto malformed = fail(ErrorCode::malformed,
                              "wanted http://127.0.0.1:PORT/... or http://localhost:PORT/...: "
                              "what is elsewhere goes through a proxy on this machine");
  if (!url.starts_with(scheme)) return malformed;
  url.remove_prefix(scheme.size());
  const std::size_t slash = std::min(url.find('/'), url.size());
  const std::string_view authority = url.substr(0, slash);
  Place place{.port = 80, .host = std::string(authority), .path = std::string(url.substr(slash))};
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

Result<UniqueFd> connect_to(const Place& place) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno("making a socket");
  const timeval patience{.tv_sec = loopback_patience_seconds, .tv_usec = 0};
  ::setsockopt(socket.borrow(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket.borrow(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
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

Result<LoopbackAnswer> parse_answer(const Bytes& bytes) {
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
  const ByteView body = ByteView(bytes).subspan(end + 4);
  // A body that was cut off must not pass for a whole one.
  constexpr std::string_view length_name = "\r\nContent-Length: ";
  const std::string_view head = text.substr(0, end + 2);
  const std::size_t length_at = head.find(length_name);
  if (length_at == std::string_view::npos) return malformed;
  std::uint64_t length = 0;
  const char* const digits = text.data() + length_at + length_name.size();
  std::from_chars(digits, text.data() + head.size(), length);
  if (length != body.size()) {
    return fail(ErrorCode::unavailable, "the answer was cut off");
  }
  answer.body.assign(body.begin(), body.end());
  return answer;
}

}  // namespace

bool is_http_url(std::string_view text) {
  return text.starts_with(scheme) || text.starts_with("https://");
}

Result<LoopbackAnswer> ask_loopback(std::string_view method, std::string_view url, ByteView body,
                                    std::size_t answer_bytes_max) {
  TRY(const Place place, place_of(url));
  TRY(const UniqueFd socket, connect_to(place));
  std::string request = std::string(method) + " " + place.path +
                        " HTTP/1.1\r\nHost: " + place.host + "\r\nConnection: close\r\n";
  if (method == "POST") {
    request += "Content-Type: text/plain; charset=utf-8\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n";
  }
  request += "\r\n";
  request.append(text_of(body));
  CHECK_OK(write_all(socket, bytes_of(request)));
  auto answer = read_to_end(socket, answer_bytes_max + answer_head_bytes_max);
  if (!answer) return std::unexpected(std::move(answer).error().while_doing(place.host));
  return parse_answer(*answer);
}

}  // namespace mayfly::api
