#include "gateway/sse_reader.hpp"

#include <utility>

namespace mayfly::gateway {

Result<void> SseReader::feed(std::string_view bytes, const Take& take) {
  for (const char c : bytes) {
    const bool ends_crlf = after_cr_ && c == '\n';
    after_cr_ = c == '\r';
    if (ends_crlf) {
      // The CR before it has ended the line; where that ended the event, this LF is nobody's, and
      // is dropped: an empty line more would say nothing.
      if (!event_.raw.empty()) event_.raw.push_back(c);
      continue;
    }
    event_.raw.push_back(c);
    if (event_.raw.size() > sse_event_bytes_max) {
      return fail(ErrorCode::limit, "one event of a stream is over " +
                                        std::to_string(sse_event_bytes_max) +
                                        " bytes (sse_event_bytes_max)");
    }
    if (c == '\n' || c == '\r') {
      CHECK_OK(end_line(take));
    } else {
      line_.push_back(c);
    }
  }
  return {};
}

Result<void> SseReader::end_line(const Take& take) {
  if (!line_.empty()) {
    take_field();
    line_.clear();
    return {};
  }
  // A CR that ends an event is passed on with the LF that a CRLF would have: both end a line.
  if (event_.raw.back() == '\r') event_.raw.push_back('\n');
  has_data_ = false;
  const SseEvent whole = std::exchange(event_, {});
  return take(whole);
}

void SseReader::take_field() {
  const std::size_t colon = line_.find(':');
  const std::string_view name = std::string_view(line_).substr(0, colon);
  std::string_view value;
  if (colon != std::string::npos) value = std::string_view(line_).substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "event") event_.name = value;
  if (name == "data") {
    if (std::exchange(has_data_, true)) event_.data.push_back('\n');
    event_.data.append(value);
  }
}

}  // namespace mayfly::gateway
