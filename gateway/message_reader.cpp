#include "gateway/message_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace mayfly::gateway {
namespace {

constexpr std::size_t chunk_line_bytes_max = 18;  // sixteen hex digits and CRLF
constexpr std::size_t trailers_max = 16;

std::unexpected<Error> cut_off() {
  return fail(ErrorCode::unavailable, "the connection ended in the middle of a message");
}

std::unexpected<Error> body_too_long() {
  return fail(ErrorCode::limit, "the body is longer than is accepted");
}

}  // namespace

Result<bool> MessageReader::fill() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (begin_ > 0 && end_ == buffer_.size()) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) return fail(ErrorCode::limit, "a head that is too long");
  TRY(const std::size_t count, from_.read(std::span(buffer_).subspan(end_)));
  end_ += count;
  return count > 0;
}

Result<std::optional<std::string>> MessageReader::take_head() {
  std::size_t looked_at = 0;
  for (;;) {
    const std::string_view text = at_hand();
    const std::size_t found = text.find("\r\n\r\n", looked_at < 3 ? 0 : looked_at - 3);
    if (found != std::string_view::npos) {
      std::string head(text.substr(0, found + 4));
      begin_ += head.size();
      return std::optional(std::move(head));
    }
    if (text.size() > head_bytes_max) return fail(ErrorCode::limit, "a head that is too long");
    looked_at = text.size();
    TRY(const bool more, fill());
    if (!more && at_hand().empty()) return std::optional<std::string>();
    if (!more) return cut_off();
  }
}

Result<void> MessageReader::begin_body(const MessageHead& head, std::uint64_t bytes_max) {
  if (head.framing == Framing::sized && head.content_length > bytes_max) return body_too_long();
  framing_ = head.framing;
  left_ = head.framing == Framing::sized ? head.content_length : 0;
  body_left_max_ = bytes_max;
  first_chunk_ = true;
  return {};
}

Result<std::string> MessageReader::take_line() {
  for (;;) {
    const std::string_view text = at_hand();
    const std::size_t found = text.find("\r\n");
    if (found != std::string_view::npos) {
      std::string line(text.substr(0, found));
      begin_ += found + 2;
      return line;
    }
    if (text.size() > head_bytes_max) return fail(ErrorCode::limit, "a line that is too long");
    TRY(const bool more, fill());
    if (!more) return cut_off();
  }
}

Result<void> MessageReader::next_chunk() {
  if (!first_chunk_) {
    TRY(const std::string end, take_line());
    if (!end.empty()) return fail(ErrorCode::malformed, "a chunk longer than it says");
  }
  first_chunk_ = false;
  TRY(const std::string line, take_line());
  const auto [end, error] =
      std::from_chars(line.data(), line.data() + line.size(), left_, /*base=*/16);
  if (line.empty() || line.size() > chunk_line_bytes_max || error != std::errc() ||
      end != line.data() + line.size()) {
    return fail(ErrorCode::malformed, "a chunk without a size");
  }
  if (left_ > body_left_max_) return body_too_long();
  body_left_max_ -= left_;
  if (left_ == 0) {
    framing_ = Framing::none;
    return drop_trailers();
  }
  return {};
}

Result<void> MessageReader::drop_trailers() {
  for (std::size_t i = 0; i <= trailers_max; ++i) {
    TRY(const std::string line, take_line());
    if (line.empty()) return {};
  }
  return fail(ErrorCode::limit, "more trailers than are accepted");
}

Result<std::string_view> MessageReader::take_some(std::uint64_t most) {
  if (at_hand().empty()) {
    TRY(const bool more, fill());
    if (!more) return cut_off();
  }
  const std::string_view text = at_hand();
  const std::string_view some =
      text.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(most, text.size())));
  begin_ += some.size();
  return some;
}

Result<std::string_view> MessageReader::take_until_close() {
  if (at_hand().empty()) {
    TRY(const bool more, fill());
    if (!more) return std::string_view();
  }
  const std::string_view text = at_hand();
  if (text.size() > body_left_max_) return body_too_long();
  body_left_max_ -= text.size();
  begin_ = end_;
  return text;
}

Result<std::string_view> MessageReader::take_body() {
  if (framing_ == Framing::until_close) return take_until_close();
  if (framing_ == Framing::chunked && left_ == 0) CHECK_OK(next_chunk());
  if (framing_ == Framing::none || left_ == 0) return std::string_view();
  TRY(const std::string_view some, take_some(left_));
  left_ -= some.size();
  return some;
}

Result<std::string> MessageReader::take_whole_body() {
  std::string body;
  for (;;) {
    TRY(const std::string_view piece, take_body());
    if (piece.empty()) return body;
    body.append(piece);
  }
}

}  // namespace mayfly::gateway
