#include "executor/socket_address.hpp"

#include <arpa/inet.h>
#include <sys/un.h>

#include <array>
#include <cstddef>

namespace mayfly::executor {
namespace {

std::string text_of_port(std::uint16_t port) {
  return ":" + std::to_string(ntohs(port));
}

}  // namespace

std::string address_text(const sockaddr_storage& bytes, socklen_t size) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (bytes.ss_family == AF_INET && size >= sizeof(sockaddr_in)) {
    const auto& inet = reinterpret_cast<const sockaddr_in&>(bytes);
    ::inet_ntop(AF_INET, &inet.sin_addr, text.data(), text.size());
    return "inet " + std::string(text.data()) + text_of_port(inet.sin_port);
  }
  if (bytes.ss_family == AF_INET6 && size >= offsetof(sockaddr_in6, sin6_scope_id)) {
    const auto& inet = reinterpret_cast<const sockaddr_in6&>(bytes);
    ::inet_ntop(AF_INET6, &inet.sin6_addr, text.data(), text.size());
    return "inet6 [" + std::string(text.data()) + "]" + text_of_port(inet.sin6_port);
  }
  if (bytes.ss_family == AF_UNIX && size > offsetof(sockaddr_un, sun_path)) {
    const auto& local = reinterpret_cast<const sockaddr_un&>(bytes);
    return "unix @" + std::string(local.sun_path + 1, size - offsetof(sockaddr_un, sun_path) - 1);
  }
  return "family " + std::to_string(bytes.ss_family);
}

}  // namespace mayfly::executor
