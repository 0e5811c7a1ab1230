// The heads of HTTP/1.1 messages, read strictly: a job's requests and a provider's replies.
//
// Source    RFC 9110 sections 5.5 and 5.6; RFC 9112 sections 2.2, 3, 5 and 6.
// Shapes    CRLF lines, no folding, no control characters; one Content-Length or chunked, never
//           both. Bounds below. Header names are lower-case once read.
// Errors    malformed or limit; no byte of the message is in it.
// Threads   Pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace mayfly::gateway {

inline constexpr std::size_t head_bytes_max = std::size_t{32} * 1024;
inline constexpr std::size_t head_lines_max = 128;
inline constexpr std::size_t path_bytes_max = 1024;

struct Header {
  std::string name;
  std::string value;
};

enum class Framing : std::uint8_t { none, sized, chunked, until_close };
enum class Afterwards : std::uint8_t { keep_open, close };

struct MessageHead {
  std::vector<Header> headers;
  Framing framing = Framing::none;
  std::uint64_t content_length = 0;  // Framing::sized
  Afterwards afterwards = Afterwards::keep_open;

  // The first of that name, lower-case; absent: there is none.
  std::optional<std::string_view> header(std::string_view name) const;
};

struct RequestHead : MessageHead {
  std::string method;
  std::string path;  // without the query, which is dropped: no wire we speak has one that matters
};
struct ResponseHead : MessageHead {
  int status = 0;
};

// `head` ends with the empty line.
Result<RequestHead> parse_request_head(std::string_view head);
Result<ResponseHead> parse_response_head(std::string_view head);

}  // namespace mayfly::gateway
