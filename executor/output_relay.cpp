#include "executor/output_relay.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>

namespace mayfly::executor {

Result<OutputRelay::Read> OutputRelay::read_once() {
  if (!pipe_) return Read::none;
  std::array<std::uint8_t, message_bytes_max - 1> buffer;
  const ssize_t count = ::read(pipe_.borrow(), buffer.data(), buffer.size());
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return Read::none;
  if (count < 0) return fail_errno("reading the job's output");
  if (count == 0) {
    pipe_.reset();
    return Read::none;
  }
  total_bytes_ += static_cast<std::uint64_t>(count);
  unsent_.reserve(static_cast<std::size_t>(count) + 1);
  unsent_.push_back(static_cast<std::uint8_t>(type_));
  unsent_.insert(unsent_.end(), buffer.begin(), buffer.begin() + count);
  return Read::some;
}

Result<void> OutputRelay::pump(const Channel& client) {
  if (unsent_.empty()) {
    TRY([[maybe_unused]] const Read read, read_once());
  }
  if (unsent_.empty()) return {};
  TRY(const Channel::Sent sent, client.try_send(unsent_));
  if (sent == Channel::Sent::yes) unsent_.clear();
  return {};
}

Result<void> OutputRelay::drain(const Channel& client) {
  for (;;) {
    if (!unsent_.empty()) {
      CHECK_OK(client.send(unsent_));
      unsent_.clear();
    }
    TRY(const Read read, read_once());
    if (read == Read::none) return {};
  }
}

}  // namespace mayfly::executor
