#include "gateway/socket_stream.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace mayfly::gateway {
namespace {

constexpr int linger_ms_max = 1000;
constexpr std::size_t linger_bytes_max = std::size_t{64} * 1024 * 1024;

}  // namespace

Result<void> SocketStream::wait(short events) const {
  pollfd waiting[] = {{socket_.borrow(), events, 0}, {stop_.borrow(), POLLIN, 0}};
  int ready = 0;
  do {
    ready = ::poll(waiting, 2, idle_ms_max_);
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) return fail_errno("waiting for the job");
  if (ready == 0) return fail(ErrorCode::unavailable, "the job's connection was idle for too long");
  if (waiting[1].revents != 0) return fail(ErrorCode::unavailable, "the run has ended");
  return {};
}

Result<std::size_t> SocketStream::read(std::span<std::uint8_t> into) {
  for (;;) {
    const ssize_t count = ::recv(socket_.borrow(), into.data(), into.size(), 0);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return fail(ErrorCode::unavailable, "the job's connection is gone");
    CHECK_OK(wait(POLLIN));
  }
}

Result<void> SocketStream::write(ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_.borrow(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return fail(ErrorCode::unavailable, "the job's connection is gone");
    CHECK_OK(wait(POLLOUT));
  }
  return {};
}

void SocketStream::end_gently() {
  ::shutdown(socket_.borrow(), SHUT_WR);
  idle_ms_max_ = linger_ms_max;
  std::array<std::uint8_t, 16 * 1024> dropped;
  for (std::size_t left = linger_bytes_max; left > 0;) {
    const auto count = read(dropped);
    if (!count || *count == 0) return;
    left -= std::min(left, *count);
  }
}

}  // namespace mayfly::gateway
