#include "gateway/control_channel.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace mayfly::gateway {
namespace {

struct alignas(cmsghdr) Control {
  std::array<char, CMSG_SPACE(sizeof(int))> bytes{};
};

std::unexpected<Error> gone() {
  return fail(ErrorCode::internal, "the gateway's other side is gone");
}

Result<void> send_message(int socket, ControlWord word, ByteView rest, int passed) {
  if (rest.size() > control_bytes_max) {
    return fail(ErrorCode::internal, "a message of the gateway is over its bound");
  }
  std::array<iovec, 2> parts{iovec{&word, 1},
                             iovec{const_cast<std::uint8_t*>(rest.data()), rest.size()}};
  msghdr header{};
  header.msg_iov = parts.data();
  header.msg_iovlen = parts.size();
  Control control;
  if (passed >= 0) {
    header.msg_control = control.bytes.data();
    header.msg_controllen = control.bytes.size();
    cmsghdr* const item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(item), &passed, sizeof passed);
  }
  while (::sendmsg(socket, &header, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return gone();
  }
  return {};
}

}  // namespace

Result<std::pair<ControlChannel, ControlChannel>> ControlChannel::pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return fail_errno("making a socket pair for the gateway");
  }
  return std::pair{ControlChannel(UniqueFd(ends[0])), ControlChannel(UniqueFd(ends[1]))};
}

Result<void> ControlChannel::send(ControlWord word, ByteView rest) const {
  return send_message(socket_.borrow(), word, rest, -1);
}

Result<void> ControlChannel::send_descriptor(ControlWord word, const UniqueFd& descriptor) const {
  return send_message(socket_.borrow(), word, {}, descriptor.borrow());
}

Result<std::optional<ControlMessage>> ControlChannel::receive() const {
  ControlMessage message;
  message.rest.resize(control_bytes_max);
  std::array<iovec, 2> parts{iovec{&message.word, 1},
                             iovec{message.rest.data(), message.rest.size()}};
  Control control;
  msghdr header{};
  header.msg_iov = parts.data();
  header.msg_iovlen = parts.size();
  header.msg_control = control.bytes.data();
  header.msg_controllen = control.bytes.size();
  ssize_t count = -1;
  do {
    count = ::recvmsg(socket_.borrow(), &header, MSG_CMSG_CLOEXEC);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return gone();
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
    int number = -1;
    std::memcpy(&number, CMSG_DATA(item), sizeof number);
    message.descriptor.reset(number);
  }
  if (count == 0) return std::optional<ControlMessage>();
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    return fail(ErrorCode::internal, "a message of the gateway was cut");
  }
  message.rest.resize(static_cast<std::size_t>(count) - 1);
  return std::optional(std::move(message));
}

Result<std::size_t> ControlChannel::receive_secret(ControlWord word,
                                                   std::span<std::uint8_t> into) const {
  ControlWord received{};
  std::array<iovec, 2> parts{iovec{&received, 1}, iovec{into.data(), into.size()}};
  msghdr header{};
  header.msg_iov = parts.data();
  header.msg_iovlen = parts.size();
  ssize_t count = -1;
  do {
    count = ::recvmsg(socket_.borrow(), &header, 0);
  } while (count < 0 && errno == EINTR);
  if (count < 1 || received != word || (header.msg_flags & MSG_TRUNC) != 0) return gone();
  return static_cast<std::size_t>(count) - 1;
}

}  // namespace mayfly::gateway
