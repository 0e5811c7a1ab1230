// A client that sends exactly the bytes it is given: for requests that no library would send.
//
// Errors    Throws std::system_error when there is no server.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <map>
#include <string>
#include <string_view>
#include <system_error>

#include "base/unique_fd.hpp"

namespace mayfly::api::test {

struct HttpReply {
  int status = 0;  // 0: the connection was closed without one
  std::multimap<std::string, std::string> headers;
  std::string body;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_.borrow(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::system_error(errno, std::generic_category(), "connect");
    }
    timeval patience{.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(socket_.borrow(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }

  // False: the server has closed.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t put = ::send(socket_.borrow(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
  }
  void finish_sending() const { ::shutdown(socket_.borrow(), SHUT_WR); }

  // Until the server closes.
  std::string receive_all() const {
    std::string text;
    char part[16384];
    for (ssize_t got = 0; (got = ::recv(socket_.borrow(), part, sizeof part, 0)) > 0;) {
      text.append(part, static_cast<std::size_t>(got));
    }
    return text;
  }
  HttpReply receive() const { return parse(receive_all()); }

  static HttpReply parse(std::string_view text) {
    HttpReply reply;
    const std::size_t end = text.find("\r\n\r\n");
    if (!text.starts_with("HTTP/1.1 ") || end == std::string_view::npos) return reply;
    reply.status = std::stoi(std::string(text.substr(9, 3)));
    reply.body = text.substr(end + 4);
    std::string_view lines = text.substr(0, end + 2);
    lines.remove_prefix(lines.find("\r\n") + 2);
    while (!lines.empty()) {
      const std::string_view line = lines.substr(0, lines.find("\r\n"));
      lines.remove_prefix(line.size() + 2);
      const std::size_t colon = line.find(": ");
      if (colon == std::string_view::npos) continue;
      reply.headers.emplace(line.substr(0, colon), line.substr(colon + 2));
    }
    return reply;
  }

 private:
  UniqueFd socket_;
};

}  // namespace mayfly::api::test
