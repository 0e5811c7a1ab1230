// One output stream of the job: counted, and sent on whole, one message at a time. What is kept of
// it is for the client to bound.
//
// Errors    internal: the client is gone.
// Threads   One relay, one thread.
#pragma once
#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "executor/channel.hpp"
#include "executor/wire.hpp"

namespace mayfly::executor {

class OutputRelay {
 public:
  OutputRelay(UniqueFd pipe, FrameType type) : pipe_(std::move(pipe)), type_(type) {}

  // What poll(2) should wait for. A client that does not read makes us stop reading, too: the
  // job then waits in write(2), as in a pipe.
  bool wants_input() const { return pipe_ && unsent_.empty(); }
  bool wants_to_send() const { return !unsent_.empty(); }
  int fd() const { return pipe_.borrow(); }

  Result<void> pump(const Channel& client);  // once; never waits
  // What is left of a dead job. Ends where the pipe is empty, not where it is closed: a descriptor
  // of it that was on its way through a socket is closed by the kernel some time later.
  Result<void> drain(const Channel& client);

  std::uint64_t total_bytes() const { return total_bytes_; }

 private:
  enum class Read : std::uint8_t { some, none };
  Result<Read> read_once();

  UniqueFd pipe_;
  FrameType type_;
  std::uint64_t total_bytes_ = 0;
  Bytes unsent_;  // one message
};

}  // namespace mayfly::executor
