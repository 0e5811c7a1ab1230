// One accepted socket, read and written against deadlines. It reads exactly one request: the head
// first, checked, then the body up to its end and not a byte further. Nothing waits for ever.
//
// Shapes    The receive buffer is locked in memory, kept out of core files, and wiped as it is
//           read: a run may last long after the last byte of its dataset came in.
// Errors    As a Problem when the peer can still be told, remembered in fault() for later.
// Threads   One connection, one thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "api/problem.hpp"
#include "api/request_framing.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace mayfly::api {

struct ConnectionDeadlines {
  std::chrono::milliseconds head{10'000};    // for the whole head
  std::chrono::milliseconds pause{10'000};   // between two reads or two writes
  std::chrono::milliseconds body{900'000};   // for the whole body
  std::chrono::milliseconds reply{120'000};  // for the whole reply to be taken
};

struct ConnectionLimits {
  ConnectionDeadlines deadlines;
  std::uint64_t body_bytes_max = 0;
};

class ReceiveBuffer {
 public:
  static constexpr std::size_t size_bytes = std::size_t{64} * 1024;
  // unavailable: the kernel refuses to lock it; the message names the limit to raise.
  static Result<ReceiveBuffer> allocate();
  ReceiveBuffer(ReceiveBuffer&& other) noexcept : memory_(std::exchange(other.memory_, {})) {}
  ReceiveBuffer& operator=(ReceiveBuffer&&) = delete;
  ~ReceiveBuffer();

  std::span<char> memory() { return memory_; }

 private:
  explicit ReceiveBuffer(std::span<char> memory) : memory_(memory) {}
  std::span<char> memory_;
};

// Descriptors that end a wait when they become readable; -1 for none. Borrowed.
struct Interrupts {
  int before_head = -1;  // the server is stopping: a connection without a request is dropped
  int always = -1;       // the server is out of patience
};

class Connection {
 public:
  Connection(UniqueFd socket, ReceiveBuffer& buffer, const ConnectionLimits& limits,
             const Interrupts& interrupts);
  ~Connection();  // wipes the buffer

  // Head bytes are kept for read(). An empty detail: the peer went away before a request.
  std::expected<RequestHead, Problem> read_head();

  // The request again, head first. Bytes read, 0 at its end, -1 on a fault.
  std::ptrdiff_t read(std::span<char> out);
  // All of it, or false.
  bool write(std::string_view bytes);
  // Says goodbye so that a reply is not lost to a reset: closes our side, lets the peer finish
  // within bounds, closes.
  void finish();

  // Somebody else will answer.
  UniqueFd hand_over() { return std::move(socket_); }
  void take_back(UniqueFd socket) { socket_ = std::move(socket); }

  const std::optional<Problem>& fault() const { return fault_; }
  const UniqueFd& socket() const { return socket_; }
  std::uint64_t bytes_received() const { return received_; }

 private:
  using Clock = std::chrono::steady_clock;
  enum class Phase : std::uint8_t { head, body, reply };
  enum class Wait : std::uint8_t { ready, timeout, interrupted };
  Wait wait_for(Phase phase, Clock::time_point deadline) const;
  std::expected<std::size_t, Problem> receive(Phase phase, Clock::time_point deadline);
  std::ptrdiff_t fail_read(Problem problem);
  std::ptrdiff_t read_body(std::span<char> out);

  UniqueFd socket_;
  ReceiveBuffer& buffer_;
  ConnectionLimits limits_;
  Interrupts interrupts_;
  std::string head_;
  std::size_t head_read_ = 0;
  std::span<char> pending_;  // in the buffer: received, not read yet
  RequestHead facts_;
  std::uint64_t body_left_ = 0;  // Body::sized
  std::optional<ChunkGuard> chunks_;
  std::optional<Clock::time_point> body_deadline_;
  std::optional<Clock::time_point> reply_deadline_;
  std::optional<Problem> fault_;
  std::uint64_t received_ = 0;
};

}  // namespace mayfly::api
