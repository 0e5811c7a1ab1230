// One end of a socket pair: whole messages, with descriptors. Between a client and its runner, and
// between the runner and the sandbox it builds.
//
// Shapes    SOCK_SEQPACKET: a message arrives whole or not at all, at most message_bytes_max long.
// Errors    internal: the other side broke the protocol, or a call failed.  A closed other end is
//           not an error: receive() answers an absent message.
// Threads   One Channel, one thread.
#pragma once
#include <sys/types.h>

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace mayfly::executor {

inline constexpr std::size_t message_bytes_max = std::size_t{64} * 1024;
inline constexpr std::size_t message_descriptors_max = 128;  // the kernel's SCM_MAX_FD is 253

struct Message {
  Bytes bytes;
  std::vector<UniqueFd> descriptors;
  pid_t sender = 0;  // as the kernel says, in our pid namespace; 0 unless identify_senders()
};

class Channel {
 public:
  static Result<std::pair<Channel, Channel>> pair();
  explicit Channel(UniqueFd socket) : socket_(std::move(socket)) {}

  // Every message received from now on carries its sender's pid.
  Result<void> identify_senders() const;

  Result<void> send(ByteView bytes, std::span<const UniqueFd> descriptors = {}) const;
  enum class Sent : std::uint8_t { yes, would_block };
  Result<Sent> try_send(ByteView bytes) const;

  // Waits; absent when the other end is closed.
  Result<std::optional<Message>> receive() const;
  // As receive(), but an error (unavailable) after `timeout_ms`.
  Result<std::optional<Message>> receive_within(int timeout_ms) const;

  const UniqueFd& fd() const { return socket_; }
  UniqueFd release() && { return std::move(socket_); }

 private:
  UniqueFd socket_;
};

}  // namespace mayfly::executor
