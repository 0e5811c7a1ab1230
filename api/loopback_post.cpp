#include "api/loopback_post.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "base/file_io.hpp"

namespace mayfly::api {
namespace {

constexpr std::string_view continue_line = "HTTP/1.1 100";
constexpr std::string_view head_end = "\r\n\r\n";

}  // namespace

Result<LoopbackPost> LoopbackPost::begin(std::string_view url, const HeaderFields& fields,
                                         std::chrono::seconds patience) {
  TRY(const LoopbackPlace place, loopback_place(url));
  TRY(UniqueFd socket, connect_to(place, patience));
  LoopbackPost post(std::move(socket), place.host);
  std::string head = "POST " + place.path + " HTTP/1.1\r\nHost: " + place.host +
                     "\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
                     "Expect: 100-continue\r\n";
  for (const auto& [name, value] : fields) head += name + ": " + value + "\r\n";
  CHECK_OK(post.write(head + "\r\n"));
  const auto until = std::chrono::steady_clock::now() + go_ahead_wait;
  while (!post.is_answered_ && !post.may_go_on_) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    CHECK_OK(post.answer_has_come(left));
  }
  return post;
}

// A server that has answered may have stopped reading: that is no failure, its answer counts.
Result<void> LoopbackPost::write(std::string_view bytes) {
  while (!bytes.empty() && !is_answered_) {
    const ssize_t put = ::send(socket_.borrow(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && (errno == EPIPE || errno == ECONNRESET)) {
      is_answered_ = true;
    } else if (put < 0) {
      return fail(ErrorCode::unavailable, host_ + " takes nothing more");
    } else {
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
  }
  return {};
}

// RFC 9110 section 15.2: any number of interim answers before the one that counts.
void LoopbackPost::drop_interim_answers() {
  while (received_.starts_with(continue_line)) {
    const std::size_t end = received_.find(head_end);
    if (end == std::string::npos) return;
    received_.erase(0, end + head_end.size());
    may_go_on_ = true;
  }
  constexpr std::string_view any_answer = "HTTP/1.1 ";
  if (received_.size() > any_answer.size() && !continue_line.starts_with(received_)) {
    is_answered_ = true;
  }
}

Result<bool> LoopbackPost::answer_has_come(std::chrono::milliseconds wait) {
  pollfd watched{.fd = socket_.borrow(), .events = POLLIN, .revents = 0};
  const int ready = ::poll(&watched, 1, static_cast<int>(wait.count()));
  if (ready <= 0 || is_answered_) return is_answered_;
  std::array<char, 4096> part;
  const ssize_t got = ::recv(socket_.borrow(), part.data(), part.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return false;
  if (got <= 0) {
    is_answered_ = true;
    return true;
  }
  received_.append(part.data(), static_cast<std::size_t>(got));
  drop_interim_answers();
  return is_answered_;
}

Result<LoopbackPost::Sent> LoopbackPost::send(ByteView piece) {
  TRY(const bool answered, answer_has_come(std::chrono::milliseconds(0)));
  if (answered) return Sent::answered;
  if (piece.empty()) return Sent::taken;  // it would end the body
  std::array<char, 16> size;
  const auto end = std::to_chars(size.begin(), size.end(), piece.size(), 16).ptr;
  CHECK_OK(write(std::string(size.data(), end) + "\r\n"));
  CHECK_OK(write(text_of(piece)));
  CHECK_OK(write("\r\n"));
  return is_answered_ ? Sent::answered : Sent::taken;
}

Result<LoopbackAnswer> LoopbackPost::finish(std::size_t answer_bytes_max) && {
  CHECK_OK(write("0\r\n\r\n"));
  auto rest = read_to_end(socket_, answer_bytes_max + answer_head_bytes_max);
  if (!rest) return std::unexpected(std::move(rest).error().while_doing(host_));
  received_.append(text_of(*rest));
  drop_interim_answers();
  if (received_.empty()) return fail(ErrorCode::unavailable, host_ + " ended without an answer");
  return parse_answer(bytes_of(received_));
}

}  // namespace mayfly::api
