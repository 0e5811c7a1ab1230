#include "executor/sandbox_protocol.hpp"

namespace mayfly::executor {

Result<void> say(const Channel& channel, Word word, ByteView rest) {
  Bytes message{static_cast<std::uint8_t>(word)};
  message.insert(message.end(), rest.begin(), rest.end());
  return channel.send(message);
}

Result<void> wait_for(const Channel& channel, Word word) {
  TRY(const std::optional<Message> message, channel.receive());
  if (!message) return fail(ErrorCode::internal, "the supervisor is gone");
  if (message->bytes.front() != static_cast<std::uint8_t>(word)) {
    return fail(ErrorCode::internal, "the supervisor said something unexpected");
  }
  return {};
}

}  // namespace mayfly::executor
