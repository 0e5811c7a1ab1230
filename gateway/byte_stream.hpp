// A connection as the gateway uses one: bytes as they come, and bytes sent whole.
//
// Two of them exist: SocketStream (the job's side) and UpstreamConnection (the provider's).
// Errors    unavailable: the other side is gone, too slow, or the run has ended.
// Threads   One stream, one thread.
#pragma once
#include <cstdint>
#include <span>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::gateway {

class ByteStream {
 public:
  ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;
  virtual ~ByteStream() = default;

  // Waits for at least one byte; 0: the other side has ended.
  virtual Result<std::size_t> read(std::span<std::uint8_t> into) = 0;
  virtual Result<void> write(ByteView bytes) = 0;
};

}  // namespace mayfly::gateway
