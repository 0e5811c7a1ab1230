#include "attest/collect/socket_post.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <charconv>
#include <cstring>

#include "base/file_io.hpp"
#include "base/unique_fd.hpp"

namespace mayfly::attest {
namespace {

constexpr time_t answer_seconds_max = 60;  // a quote takes a second or two

std::unexpected<Error> malformed(const std::string& whom, const char* what) {
  return fail(ErrorCode::malformed, whom + "'s answer " + what);
}

Result<UniqueFd> connect_to(const std::string& whom, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return fail(ErrorCode::limit, "the path of a socket has at most 107 bytes");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd.borrow() < 0) {
    return fail_errno("making a socket");
  }
  const timeval patience{.tv_sec = answer_seconds_max, .tv_usec = 0};
  ::setsockopt(fd.borrow(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd.borrow(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(fd.borrow(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail(ErrorCode::unavailable, "cannot connect to " + whom + " at " + path + ": " +
                                            std::strerror(errno) +
                                            "; it must run, and its socket be mounted here");
  }
  return fd;
}

// RFC 9112, 7.1, as far as a program that ends the connection needs it.
Result<std::string> without_chunks(const std::string& whom, std::string_view body) {
  std::string out;
  while (true) {
    const std::size_t end = body.find("\r\n");
    const std::string_view line = body.substr(0, end);
    std::size_t size = 0;
    const auto read = std::from_chars(line.begin(), line.end(), size, 16);
    if (end == std::string_view::npos || read.ec != std::errc()) {
      return malformed(whom, "is cut off");
    }
    body.remove_prefix(end + 2);
    if (size == 0) return out;
    if (body.size() < size || body.size() - size < 2) return malformed(whom, "is cut off");
    out += body.substr(0, size);
    body.remove_prefix(size + 2);
  }
}

Result<std::string> body_of(const std::string& whom, std::string_view answer) {
  constexpr std::string_view good = "HTTP/1.1 200";
  const std::size_t end = answer.find("\r\n\r\n");
  if (end == std::string_view::npos || !answer.starts_with("HTTP/1.")) {
    return malformed(whom, "is not HTTP, or cut off");
  }
  if (answer.substr(9, 3) != good.substr(9, 3)) {
    return fail(ErrorCode::unavailable,
                whom + " refuses to attest, with status " + std::string(answer.substr(9, 3)));
  }
  std::string head(answer.substr(0, end));
  for (char& c : head) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const std::string_view body = answer.substr(end + 4);
  if (head.find("\r\ntransfer-encoding: chunked") != std::string::npos) {
    return without_chunks(whom, body);
  }
  return std::string(body);
}

}  // namespace

Result<std::string> post_to_socket(const SocketService& service, const std::string& json) {
  const std::string request = "POST " + std::string(service.path) +
                              " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                              "Content-Type: application/json\r\nContent-Length: " +
                              std::to_string(json.size()) + "\r\n\r\n" + json;
  TRY(const UniqueFd fd, connect_to(service.whom, service.socket));
  CHECK_OK(write_all(fd, bytes_of(request)));
  TRY(const Bytes answer, read_to_end(fd, service.answer_bytes_max));
  return body_of(service.whom, text_of(answer));
}

}  // namespace mayfly::attest
