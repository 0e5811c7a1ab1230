#include "executor/loopback_listener.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

namespace mayfly::executor {
namespace {

Result<void> bring_loopback_up(const UniqueFd& socket) {
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", sizeof "lo");
  if (::ioctl(socket.borrow(), SIOCGIFFLAGS, &request) != 0) {
    return fail_errno("looking at the sandbox's loopback interface");
  }
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (::ioctl(socket.borrow(), SIOCSIFFLAGS, &request) != 0) {
    return fail_errno("bringing the sandbox's loopback interface up");
  }
  return {};
}

}  // namespace

Result<UniqueFd> open_loopback_listener(std::uint16_t port) {
  UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener) return fail_errno("making the sandbox's listener");
  CHECK_OK(bring_loopback_up(listener));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener.borrow(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.borrow(), loopback_backlog) != 0) {
    return fail_errno("listening inside the sandbox");
  }
  return listener;
}

}  // namespace mayfly::executor
