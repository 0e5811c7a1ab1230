// The job's side of a call: a connected stream socket that is not waited on for ever.
//
// Errors    unavailable: gone, too slow, or the run has ended.
// Threads   One stream, one thread.
#pragma once
#include "base/unique_fd.hpp"
#include "gateway/byte_stream.hpp"

namespace mayfly::gateway {

class SocketStream final : public ByteStream {
 public:
  // `stop` readable ends every wait, and outlives the stream.
  SocketStream(UniqueFd socket, const UniqueFd& stop, int idle_ms_max)
      : socket_(std::move(socket)), stop_(stop), idle_ms_max_(idle_ms_max) {}

  Result<std::size_t> read(std::span<std::uint8_t> into) override;
  Result<void> write(ByteView bytes) override;

  // Says that no more will come, and takes what is still on its way, a while: closed at once, a
  // socket with unread bytes takes back what was answered.
  void end_gently();

 private:
  Result<void> wait(short events) const;

  UniqueFd socket_;  // does not block
  const UniqueFd& stop_;
  int idle_ms_max_;
};

}  // namespace mayfly::gateway
