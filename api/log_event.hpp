// One event as a line of JSON: {"channel","event","level","ts", ...}. The names of events are a
// promise: docs/reference/logs.md lists them.
//
// Shapes    Channels: execution, security, performance, audit. A value is a number, or a text that
//           is shortened and has no control characters. No payload is ever one: not of a dataset, a
//           request, a reply, a key.
// Threads   One event, one thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "api/json_out.hpp"
#include "base/time.hpp"

namespace mayfly::api {

enum class Channel : std::uint8_t { execution, security, performance, audit };
enum class Level : std::uint8_t { info, warning, error };

class LogEvent {
 public:
  LogEvent(Channel channel, Level level, std::string_view event, UnixMillis at);

  LogEvent& with(std::string_view name, std::string_view text);
  LogEvent& with(std::string_view name, std::int64_t number);
  std::string line() &&;

 private:
  JsonOut json_;
};

// For journald, which reads the level from the start of a line: "<6>".
std::string_view syslog_prefix(Level level);

}  // namespace mayfly::api
