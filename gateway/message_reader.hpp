// Takes HTTP/1.1 messages from a stream: heads whole, bodies in the pieces they come in.
//
// Source    RFC 9112 sections 6 and 7.1. Trailers are read and dropped; chunk extensions refused.
// Shapes    Waits only when nothing is at hand: a piece of a body is handed on as it arrives.
// Errors    As ByteStream; malformed, limit: what came is no such message, or over a bound.
// Threads   One reader, one thread. The stream outlives it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/byte_stream.hpp"
#include "gateway/http_head.hpp"

namespace mayfly::gateway {

class MessageReader {
 public:
  explicit MessageReader(ByteStream& from) : from_(from), buffer_(buffer_bytes) {}

  // With its empty line. Absent: the stream ended where a message would begin.
  Result<std::optional<std::string>> take_head();

  // After a head: what take_body() follows.
  Result<void> begin_body(const MessageHead& head, std::uint64_t bytes_max);
  // The next piece, valid until the next call; empty: the body has ended as it should.
  Result<std::string_view> take_body();
  // All of it at once.
  Result<std::string> take_whole_body();

 private:
  static constexpr std::size_t buffer_bytes = std::size_t{64} * 1024;

  std::string_view at_hand() const {
    return text_of(ByteView(buffer_).subspan(begin_, end_ - begin_));
  }
  // More is at hand afterwards; false: the stream has ended.
  Result<bool> fill();
  Result<std::string> take_line();
  Result<void> next_chunk();
  Result<void> drop_trailers();
  Result<std::string_view> take_some(std::uint64_t most);
  Result<std::string_view> take_until_close();

  ByteStream& from_;
  Bytes buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  Framing framing_ = Framing::none;
  std::uint64_t left_ = 0;           // of the body, or of this chunk
  std::uint64_t body_left_max_ = 0;  // bytes that the body may still have
  bool first_chunk_ = true;
};

}  // namespace mayfly::gateway
