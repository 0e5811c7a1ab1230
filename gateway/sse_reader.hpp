// Cuts a stream of server-sent events into events, keeping each one's bytes as they came.
//
// Source    WHATWG HTML, section 9.2.6. Lines end in LF, CRLF or CR; comments and unknown fields
//           are part of an event's bytes and say nothing.
// Shapes    An event is handed on with the line that ends it, never later.
// Errors    limit: one event over sse_event_bytes_max.
// Threads   One reader, one thread.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace mayfly::gateway {

inline constexpr std::size_t sse_event_bytes_max = std::size_t{16} * 1024 * 1024;

struct SseEvent {
  std::string name;  // of the "event" field, if any
  std::string data;  // lines joined by LF
  std::string raw;   // with the empty line that ends it
};

class SseReader {
 public:
  using Take = std::function<Result<void>(const SseEvent&)>;
  Result<void> feed(std::string_view bytes, const Take& take);
  // Bytes of an event that has not ended; a stream that ends with some was cut.
  bool is_inside_event() const { return !event_.raw.empty(); }

 private:
  Result<void> end_line(const Take& take);
  void take_field();

  SseEvent event_;
  std::string line_;
  bool has_data_ = false;
  bool after_cr_ = false;
};

}  // namespace mayfly::gateway
