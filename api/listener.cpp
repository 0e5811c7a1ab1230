#include "api/listener.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

namespace mayfly::api {
namespace {

constexpr int backlog = 64;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  bool is_loopback = false;

  sockaddr* pointer() { return reinterpret_cast<sockaddr*>(&storage); }
};

Result<SocketAddress> parse(const ListenAddress& wanted) {
  SocketAddress out;
  in_addr v4{};
  in6_addr v6{};
  if (::inet_pton(AF_INET, wanted.address.c_str(), &v4) == 1) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(wanted.port);
    address.sin_addr = v4;
    std::memcpy(&out.storage, &address, sizeof address);
    out.size = sizeof address;
    out.is_loopback = (ntohl(v4.s_addr) >> 24) == 127;
  } else if (::inet_pton(AF_INET6, wanted.address.c_str(), &v6) == 1) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(wanted.port);
    address.sin6_addr = v6;
    std::memcpy(&out.storage, &address, sizeof address);
    out.size = sizeof address;
    out.is_loopback = IN6_IS_ADDR_LOOPBACK(&v6);
  } else {
    return fail(ErrorCode::malformed,
                "\"" + wanted.address + "\" is not a numeric address; write 127.0.0.1 or ::1");
  }
  return out;
}

Result<std::uint16_t> port_in_use(const UniqueFd& socket) {
  SocketAddress bound;
  bound.size = sizeof bound.storage;
  if (::getsockname(socket.borrow(), bound.pointer(), &bound.size) != 0) {
    return fail_errno("asking for the port");
  }
  if (bound.storage.ss_family == AF_INET) {
    sockaddr_in address{};
    std::memcpy(&address, &bound.storage, sizeof address);
    return ntohs(address.sin_port);
  }
  sockaddr_in6 address{};
  std::memcpy(&address, &bound.storage, sizeof address);
  return ntohs(address.sin6_port);
}

}  // namespace

Result<Listener> Listener::open(const ListenAddress& wanted,
                                const std::optional<PlaintextFromNetwork>& plaintext) {
  TRY(SocketAddress address, parse(wanted));
  if (!address.is_loopback && !plaintext) {
    return fail(ErrorCode::rejected,
                wanted.address +
                    " is not a loopback address, and this server does not encrypt: "
                    "listen on 127.0.0.1 and put a TLS front before it");
  }
  UniqueFd socket(
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return fail_errno("opening a socket");
  // SO_REUSEADDR only: with SO_REUSEPORT a second server could take half of our connections.
  const int on = 1;
  ::setsockopt(socket.borrow(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const std::string where = wanted.address + " port " + std::to_string(wanted.port);
  if (::bind(socket.borrow(), address.pointer(), address.size) != 0) {
    return fail_errno("listening on " + where);
  }
  if (::listen(socket.borrow(), backlog) != 0) return fail_errno("listening on " + where);
  TRY(const std::uint16_t port, port_in_use(socket));
  return Listener(std::move(socket), ListenAddress{wanted.address, port});
}

Result<std::optional<UniqueFd>> Listener::accept(int stop_fd) {
  for (;;) {
    pollfd watched[] = {{.fd = socket_.borrow(), .events = POLLIN, .revents = 0},
                        {.fd = stop_fd, .events = POLLIN, .revents = 0}};
    if (::poll(watched, std::size(watched), -1) < 0) {
      if (errno == EINTR) continue;
      return fail_errno("waiting for a connection");
    }
    if (watched[1].revents != 0) return std::optional<UniqueFd>();
    UniqueFd connection(
        ::accept4(socket_.borrow(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (connection) {
      // A reply is written in two pieces, head and body: do not hold the second one back.
      const int on = 1;
      ::setsockopt(connection.borrow(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return std::optional<UniqueFd>(std::move(connection));
    }
    // Connections in progress will give descriptors back; spinning would only slow them down.
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      continue;
    }
    if (errno == EBADF || errno == EINVAL || errno == ENOTSOCK) return fail_errno("accepting");
    // Everything else accept(2) reports belongs to the one connection that failed.
  }
}

}  // namespace mayfly::api
