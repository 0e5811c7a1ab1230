#include "api/log_event.hpp"

namespace mayfly::api {
namespace {

std::string_view to_string(Channel channel) {
  switch (channel) {
    case Channel::execution: return "execution";
    case Channel::security: return "security";
    case Channel::performance: return "performance";
    case Channel::audit: break;
  }
  return "audit";
}

std::string_view to_string(Level level) {
  switch (level) {
    case Level::info: return "info";
    case Level::warning: return "warning";
    case Level::error: break;
  }
  return "error";
}

// Bytes of a stranger, shortened, so that a line shows as what it is in any terminal.
std::string inert(std::string_view text) {
  constexpr std::size_t shown_bytes_max = 128;
  std::string shown;
  for (const char c : text.substr(0, shown_bytes_max)) shown += c >= 0x20 && c < 0x7f ? c : '?';
  return shown;
}

}  // namespace

LogEvent::LogEvent(Channel channel, Level level, std::string_view event, UnixMillis at)
    : json_(reply_bounds) {
  json_.begin_object();
  json_.member("ts", to_rfc3339(at));
  json_.member("channel", to_string(channel));
  json_.member("level", to_string(level));
  json_.member("event", event);
}

LogEvent& LogEvent::with(std::string_view name, std::string_view text) {
  if (!text.empty()) json_.member(name, inert(text));
  return *this;
}

LogEvent& LogEvent::with(std::string_view name, std::int64_t number) {
  json_.member(name, number);
  return *this;
}

std::string LogEvent::line() && {
  json_.end_object();
  auto text = std::move(json_).finish();
  return text ? std::move(*text) : std::string("{}");
}

std::string_view syslog_prefix(Level level) {
  switch (level) {
    case Level::info: return "<6>";
    case Level::warning: return "<4>";
    case Level::error: break;
  }
  return "<3>";
}

}  // namespace mayfly::api
