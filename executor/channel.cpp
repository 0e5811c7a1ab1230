#include "executor/channel.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace mayfly::executor {
namespace {

constexpr std::size_t control_bytes =
    CMSG_SPACE(sizeof(int) * message_descriptors_max) + CMSG_SPACE(sizeof(ucred));

struct alignas(cmsghdr) Control {
  std::array<char, control_bytes> bytes{};
};

Result<Channel::Sent> send_message(int socket, ByteView bytes, std::span<const UniqueFd> passed,
                                   int flags) {
  if (bytes.empty() || bytes.size() > message_bytes_max ||
      passed.size() > message_descriptors_max) {
    return fail(ErrorCode::internal, "a message to the other process is over its bounds");
  }
  iovec part{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  Control control;
  if (!passed.empty()) {
    std::array<int, message_descriptors_max> numbers{};
    std::ranges::transform(passed, numbers.begin(), &UniqueFd::borrow);
    header.msg_control = control.bytes.data();
    header.msg_controllen = CMSG_SPACE(sizeof(int) * passed.size());
    cmsghdr* const item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(sizeof(int) * passed.size());
    std::memcpy(CMSG_DATA(item), numbers.data(), sizeof(int) * passed.size());
  }
  for (;;) {
    if (::sendmsg(socket, &header, MSG_NOSIGNAL | flags) >= 0) return Channel::Sent::yes;
    if (errno == EAGAIN && flags != 0) return Channel::Sent::would_block;
    if (errno != EINTR) return fail_errno("sending to the other process");
  }
}

// ECONNRESET is said once, ahead of what the other side sent before it closed without reading.
bool is_to_be_tried_again(ssize_t count) {
  return count < 0 && (errno == EINTR || errno == ECONNRESET);
}

void take_control(msghdr& header, Message& message) {
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET) continue;
    if (item->cmsg_type == SCM_RIGHTS) {
      const std::size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < count; ++i) {
        int number = -1;
        std::memcpy(&number, CMSG_DATA(item) + i * sizeof(int), sizeof number);
        message.descriptors.emplace_back(number);
      }
    } else if (item->cmsg_type == SCM_CREDENTIALS) {
      ucred sender{};
      std::memcpy(&sender, CMSG_DATA(item), sizeof sender);
      message.sender = sender.pid;
    }
  }
}

}  // namespace

Result<std::pair<Channel, Channel>> Channel::pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return fail_errno("making a socket pair");
  }
  return std::pair{Channel(UniqueFd(ends[0])), Channel(UniqueFd(ends[1]))};
}

Result<void> Channel::identify_senders() const {
  const int on = 1;
  if (::setsockopt(socket_.borrow(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    return fail_errno("asking the kernel for the senders' pids");
  }
  return {};
}

Result<void> Channel::send(ByteView bytes, std::span<const UniqueFd> descriptors) const {
  TRY([[maybe_unused]] const Sent sent, send_message(socket_.borrow(), bytes, descriptors, 0));
  return {};
}

Result<Channel::Sent> Channel::try_send(ByteView bytes) const {
  return send_message(socket_.borrow(), bytes, {}, MSG_DONTWAIT);
}

Result<std::optional<Message>> Channel::receive() const {
  // Its length first: room for the longest message would be 16 pages to touch for each word.
  ssize_t length = -1;
  do {
    length = ::recv(socket_.borrow(), nullptr, 0, MSG_PEEK | MSG_TRUNC);
  } while (is_to_be_tried_again(length));
  if (length < 0) return fail_errno("waiting for the other process");
  Message message;
  message.bytes.resize(std::min(static_cast<std::size_t>(length), message_bytes_max));
  iovec part{message.bytes.data(), message.bytes.size()};
  Control control;
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes.data();
  header.msg_controllen = control.bytes.size();
  ssize_t count = -1;
  do {
    count = ::recvmsg(socket_.borrow(), &header, MSG_CMSG_CLOEXEC);
  } while (is_to_be_tried_again(count));
  if (count < 0) return fail_errno("receiving from the other process");
  take_control(header, message);  // First: what arrived must be owned whatever follows.
  if (count == 0) return std::optional<Message>();
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    return fail(ErrorCode::internal, "a message from the other process was cut");
  }
  message.bytes.resize(static_cast<std::size_t>(count));
  return std::optional(std::move(message));
}

Result<std::optional<Message>> Channel::receive_within(int timeout_ms) const {
  pollfd waiting{socket_.borrow(), POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&waiting, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) return fail_errno("waiting for the other process");
  if (ready == 0) {
    return fail(ErrorCode::unavailable,
                "the other process did not answer in " + std::to_string(timeout_ms) + " ms");
  }
  return receive();
}

}  // namespace mayfly::executor
