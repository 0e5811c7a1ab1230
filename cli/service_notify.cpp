#include "cli/service_notify.hpp"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <string>

#include "base/unique_fd.hpp"

namespace mayfly::cli {

void notify_service_manager(std::string_view state) {
  const char* const named = ::getenv("NOTIFY_SOCKET");
  if (named == nullptr) return;
  std::string path = named;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return;
  if (path.front() == '@') path.front() = '\0';  // an abstract name
  std::memcpy(address.sun_path, path.data(), path.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return;
  static_cast<void>(!::sendto(socket.borrow(), state.data(), state.size(), MSG_NOSIGNAL,
                              reinterpret_cast<const sockaddr*>(&address), length));
}

}  // namespace mayfly::cli
