// Where a request ends, decided once and strictly: the head is checked before the HTTP library sees
// it, and the chunks of its body while they pass. Two readers that disagree about an end are how
// requests are smuggled; what is refused here never reaches the second reader.
//
// Source    RFC 9112 (HTTP/1.1 message syntax), sections 2.2, 3, 5, 6 and 7.1.
// Shapes    Lines end in CRLF. One Content-Length of digits or Transfer-Encoding: chunked, never
//           both. No obsolete folding, no control characters, no chunk extensions, no trailers.
// Errors    A Problem that names the rule; it holds no byte of the request.
// Threads   Pure functions; one ChunkGuard, one thread.
#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "api/problem.hpp"

namespace mayfly::api {

inline constexpr std::size_t head_bytes_max = std::size_t{32} * 1024;
inline constexpr std::size_t head_line_bytes_max = 8000;  // under the HTTP library's own 8192
inline constexpr std::size_t head_lines_max = 100;
inline constexpr std::size_t target_bytes_max = 2048;

struct RequestHead {
  std::string method;
  std::string path;  // as sent, without the query
  enum class Body : std::uint8_t { none, sized, chunked };
  Body body = Body::none;
  std::uint64_t content_length = 0;  // Body::sized
};

// `head` ends with the empty line. `body_bytes_max` bounds Content-Length.
std::expected<RequestHead, Problem> check_head(std::string_view head, std::uint64_t body_bytes_max);

// Follows a chunked body byte by byte. Passes nothing on: it says how much may be passed.
class ChunkGuard {
 public:
  explicit ChunkGuard(std::uint64_t body_bytes_max) : left_(body_bytes_max) {}

  // How many of `bytes` belong to the body, framing included; fewer than all only at its end.
  std::expected<std::size_t, Problem> accept(std::string_view bytes);
  bool done() const { return state_ == State::done; }

 private:
  enum class State : std::uint8_t { size, size_lf, data, data_cr, data_lf, end_cr, end_lf, done };
  std::optional<Problem> take(char byte);
  std::optional<Problem> take_size(char byte);

  State state_ = State::size;
  std::uint64_t left_;       // bytes that the body may still have
  std::uint64_t chunk_ = 0;  // size of this chunk, then what is left of it
  std::size_t digits_ = 0;
};

}  // namespace mayfly::api
