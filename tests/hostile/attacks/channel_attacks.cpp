#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "tests/hostile/attacks/attack.hpp"

namespace mayfly::hostile {
namespace {

Verdict achieved_if(std::string_view what, bool happened) {
  return say(what, happened ? Verdict::achieved : Verdict::blocked);
}

// `argument`: the name of an abstract socket that the harness listens on.
Verdict connect_abstract(const std::string& argument) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, argument.data(), argument.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + argument.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return achieved_if("an abstract socket of the host",
                     ::connect(fd, reinterpret_cast<sockaddr*>(&address), length) == 0);
}

// `argument`: a port that the harness listens on, at 127.0.0.1.
Verdict connect_loopback(const std::string& argument) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argument.c_str())));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return achieved_if("a listener on the host's loopback",
                     ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
}

// `argument`: as above; a datagram asks for no connection, and TCP's fast open makes one on the
// way.
Verdict send_without_connecting(const std::string& argument) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argument.c_str())));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const to = reinterpret_cast<sockaddr*>(&address);
  const int datagrams = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const bool sent = ::sendto(datagrams, "x", 1, 0, to, sizeof address) == 1;
  iovec part{const_cast<char*>("x"), 1};
  msghdr message{};
  message.msg_name = to;
  message.msg_namelen = sizeof address;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  const bool sent_as_message = ::sendmsg(datagrams, &message, 0) == 1;
  const int stream = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool sent_fast = ::sendto(stream, "x", 1, MSG_FASTOPEN, to, sizeof address) == 1;
  return achieved_if("sending to an address without connect", sent || sent_as_message || sent_fast);
}

// `argument`: the key of a segment of the host that everybody may read.
Verdict read_system_v_memory(const std::string& argument) {
  const int id = ::shmget(static_cast<key_t>(std::atol(argument.c_str())), 0, 0);
  return achieved_if("a shared memory segment of the host",
                     id >= 0 && ::shmat(id, nullptr, SHM_RDONLY) != reinterpret_cast<void*>(-1));
}

bool file_holds(const std::string& path, const std::string& needle) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  std::string text(1 << 20, '\0');
  const ssize_t size = ::read(fd, text.data(), text.size());
  ::close(fd);
  return size > 0 &&
         text.substr(0, static_cast<std::size_t>(size)).find(needle) != std::string::npos;
}

// `argument`: the name of a variable that is set in the harness, with a secret in it.
Verdict read_the_environment(const std::string& argument) {
  if (std::getenv(argument.c_str()) != nullptr) return achieved_if("own environment", true);
  for (int pid = 1; pid < 1000; ++pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/environ";
    if (file_holds(path, argument + "=")) return achieved_if(path, true);
  }
  return achieved_if("the environment of the harness", false);
}

constexpr Attack attacks[] = {
    {"abstract_socket", connect_abstract}, {"loopback", connect_loopback},
    {"datagram", send_without_connecting}, {"system_v", read_system_v_memory},
    {"environment", read_the_environment},
};

}  // namespace

std::span<const Attack> channel_attacks() {
  return attacks;
}

}  // namespace mayfly::hostile
