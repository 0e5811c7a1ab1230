// What a run and its gateway process say to each other: whole messages over a socket pair.
//
//   run        settings ─▶ key ─▶              gateway
//              ◀─ ready, or failed
//              listener (with the descriptor) ─▶ ... the job runs ...
//              finish ─▶
//              ◀─ record (one per call) ... done
//
// Errors    internal: the other side is gone or said something else.
// Threads   One end, one thread.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace mayfly::gateway {

inline constexpr std::size_t control_bytes_max = std::size_t{64} * 1024;

enum class ControlWord : std::uint8_t {
  settings = 1,
  key,
  ready,
  failed,  // and why, as text
  listener,
  finish,
  record,
  done,  // and which limits were hit, as text
};

struct ControlMessage {
  ControlWord word = ControlWord::finish;
  Bytes rest;
  UniqueFd descriptor;
};

class ControlChannel {
 public:
  static Result<std::pair<ControlChannel, ControlChannel>> pair();
  explicit ControlChannel(UniqueFd socket) : socket_(std::move(socket)) {}

  Result<void> send(ControlWord word, ByteView rest = {}) const;
  Result<void> send_descriptor(ControlWord word, const UniqueFd& descriptor) const;
  // Absent: the other end is closed. Not for a key: its memory is ordinary memory.
  Result<std::optional<ControlMessage>> receive() const;
  // Into memory of the caller's; the value: how many bytes.
  Result<std::size_t> receive_secret(ControlWord word, std::span<std::uint8_t> into) const;

  const UniqueFd& fd() const { return socket_; }

 private:
  UniqueFd socket_;
};

}  // namespace mayfly::gateway
