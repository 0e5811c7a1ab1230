#include "api/connection.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace mayfly::api {
namespace {

constexpr std::string_view request_head_end = "\r\n\r\n";

Problem too_slow(std::string_view what, std::chrono::milliseconds whole,
                 std::chrono::milliseconds pause) {
  return {ProblemKind::request_timeout, "the request " + std::string(what) + " may take " +
                                            std::to_string(whole.count()) + " ms and pause for " +
                                            std::to_string(pause.count()) + " ms"};
}
Problem peer_gone() {
  return {ProblemKind::malformed_request, "the request ended too early"};
}
Problem stopping() {
  return {ProblemKind::unavailable, "the server is stopping; try again in a moment"};
}

}  // namespace

Result<ReceiveBuffer> ReceiveBuffer::allocate() {
  void* const at =
      ::mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return fail_errno("mapping a receive buffer");
  ReceiveBuffer buffer(std::span<char>(static_cast<char*>(at), size_bytes));
  if (::mlock(at, size_bytes) != 0) {
    return fail(ErrorCode::unavailable,
                "cannot lock a receive buffer in memory: raise the locked-memory limit "
                "(ulimit -l, LimitMEMLOCK=), or use fewer runs at once");
  }
  if (::madvise(at, size_bytes, MADV_DONTDUMP) != 0 ||
      ::madvise(at, size_bytes, MADV_WIPEONFORK) != 0) {
    return fail_errno("keeping a receive buffer out of core files and children");
  }
  return buffer;
}

ReceiveBuffer::~ReceiveBuffer() {
  if (memory_.empty()) return;
  ::explicit_bzero(memory_.data(), memory_.size());
  ::munmap(memory_.data(), memory_.size());
}

Connection::Connection(UniqueFd socket, ReceiveBuffer& buffer, const ConnectionLimits& limits,
                       const Interrupts& interrupts)
    : socket_(std::move(socket)), buffer_(buffer), limits_(limits), interrupts_(interrupts) {}

Connection::~Connection() {
  ::explicit_bzero(buffer_.memory().data(), buffer_.memory().size());
}

Connection::Wait Connection::wait_for(Phase phase, Clock::time_point deadline) const {
  const short events = phase == Phase::reply ? POLLOUT : POLLIN;
  const int before_head = phase == Phase::head ? interrupts_.before_head : -1;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return Wait::timeout;
    pollfd watched[] = {{.fd = socket_.borrow(), .events = events, .revents = 0},
                        {.fd = interrupts_.always, .events = POLLIN, .revents = 0},
                        {.fd = before_head, .events = POLLIN, .revents = 0}};
    const int ready = ::poll(watched, std::size(watched), static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) return Wait::timeout;
    if (ready <= 0) continue;
    if (watched[1].revents != 0) return Wait::interrupted;
    // A request that is there already is answered, stop or not.
    if (watched[0].revents != 0) return Wait::ready;
    return Wait::interrupted;
  }
}

// Fills pending_ with what has come; at least one byte.
std::expected<std::size_t, Problem> Connection::receive(Phase phase, Clock::time_point deadline) {
  for (;;) {
    switch (wait_for(phase, std::min(deadline, Clock::now() + limits_.deadlines.pause))) {
      case Wait::ready: break;
      case Wait::timeout:
        return std::unexpected(
            phase == Phase::head
                ? too_slow("head", limits_.deadlines.head, limits_.deadlines.pause)
                : too_slow("body", limits_.deadlines.body, limits_.deadlines.pause));
      case Wait::interrupted: return std::unexpected(stopping());
    }
    const std::span<char> memory = buffer_.memory();
    const ssize_t got = ::recv(socket_.borrow(), memory.data(), memory.size(), MSG_DONTWAIT);
    if (got > 0) {
      received_ += static_cast<std::uint64_t>(got);
      pending_ = memory.first(static_cast<std::size_t>(got));
      return pending_.size();
    }
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    return std::unexpected(peer_gone());
  }
}

std::expected<RequestHead, Problem> Connection::read_head() {
  const auto deadline = Clock::now() + limits_.deadlines.head;
  for (;;) {
    const auto got = receive(Phase::head, deadline);
    if (!got) {
      // Nothing was asked, so nobody waits for an answer.
      if (head_.empty()) return std::unexpected(Problem{got.error().kind, ""});
      return std::unexpected(got.error());
    }
    const std::string_view bytes(pending_.data(), pending_.size());
    // The end may lie across two reads: look again at the last three bytes.
    const std::size_t look_from = head_.size() < 3 ? 0 : head_.size() - 3;
    const std::size_t before = head_.size();
    head_.append(bytes.substr(0, head_bytes_max + 1 - std::min(before, head_bytes_max)));
    const std::size_t end = head_.find(request_head_end, look_from);
    if (end == std::string::npos) {
      if (head_.size() > head_bytes_max) {
        return std::unexpected(Problem{ProblemKind::head_too_large,
                                       "a request head may have " + std::to_string(head_bytes_max) +
                                           " bytes (head_bytes_max)"});
      }
      continue;
    }
    // Body bytes that came along do not stay in a string.
    const std::size_t kept = end + request_head_end.size();
    ::explicit_bzero(head_.data() + kept, head_.size() - kept);
    head_.resize(kept);
    pending_ = pending_.subspan(kept - before);
    break;
  }
  auto facts = check_head(head_, limits_.body_bytes_max);
  if (!facts) return facts;
  facts_ = *facts;
  body_left_ = facts_.content_length;
  if (facts_.body == RequestHead::Body::chunked) chunks_.emplace(limits_.body_bytes_max);
  return facts;
}

std::ptrdiff_t Connection::fail_read(Problem problem) {
  fault_ = std::move(problem);
  return -1;
}

std::ptrdiff_t Connection::read_body(std::span<char> out) {
  if (facts_.body == RequestHead::Body::none) return 0;
  if (chunks_ ? chunks_->done() : body_left_ == 0) return 0;
  if (!body_deadline_) body_deadline_ = Clock::now() + limits_.deadlines.body;
  if (pending_.empty()) {
    if (const auto got = receive(Phase::body, *body_deadline_); !got) {
      return fail_read(got.error());
    }
  }
  std::span<char> given = pending_.first(std::min(pending_.size(), out.size()));
  if (chunks_) {
    const auto accepted = chunks_->accept({given.data(), given.size()});
    if (!accepted) return fail_read(accepted.error());
    given = given.first(*accepted);
  } else {
    given =
        given.first(static_cast<std::size_t>(std::min<std::uint64_t>(given.size(), body_left_)));
    body_left_ -= given.size();
  }
  std::memcpy(out.data(), given.data(), given.size());
  ::explicit_bzero(given.data(), given.size());
  pending_ = pending_.subspan(given.size());
  return static_cast<std::ptrdiff_t>(given.size());
}

std::ptrdiff_t Connection::read(std::span<char> out) {
  if (fault_) return -1;
  if (head_read_ < head_.size()) {
    const std::size_t count = std::min(out.size(), head_.size() - head_read_);
    std::memcpy(out.data(), head_.data() + head_read_, count);
    head_read_ += count;
    return static_cast<std::ptrdiff_t>(count);
  }
  return read_body(out);
}

bool Connection::write(std::string_view bytes) {
  if (!reply_deadline_) reply_deadline_ = Clock::now() + limits_.deadlines.reply;
  while (!bytes.empty()) {
    const ssize_t put =
        ::send(socket_.borrow(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(put));
      continue;
    }
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno != EAGAIN) return false;
    const auto deadline = std::min(*reply_deadline_, Clock::now() + limits_.deadlines.pause);
    if (wait_for(Phase::reply, deadline) != Wait::ready) return false;
  }
  return true;
}

void Connection::finish() {
  constexpr std::size_t discarded_bytes_max = std::size_t{1024} * 1024;
  constexpr std::chrono::milliseconds patience{1000};
  if (!socket_ || ::shutdown(socket_.borrow(), SHUT_WR) != 0) return socket_.reset();
  const auto deadline = Clock::now() + patience;
  for (std::size_t discarded = 0; discarded < discarded_bytes_max;) {
    const auto got = receive(Phase::body, deadline);
    if (!got) break;
    discarded += *got;
  }
  socket_.reset();
}

}  // namespace mayfly::api
