// A request and a reply as plain values, free of any HTTP library, so that routes are functions.
//
// Threads   Plain values and pure functions.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/access.hpp"
#include "api/problem.hpp"

namespace mayfly::api {

struct Call {
  std::string method;
  std::string path;  // decoded, without the query
  std::multimap<std::string, std::string> query;
  std::string accept;
  std::string content_type;
  std::string if_none_match;
  std::string origin;
  std::string prefer;         // RFC 7240, all fields joined
  std::string last_event_id;  // of an event stream
  std::string idempotency_key;
  Caller caller{};  // who asks, as far as that is known
};

class Run;
struct RunView;

// The answer is not there yet: it is what becomes of a run.
struct Later {
  enum class Form : std::uint8_t { reply, events };
  std::shared_ptr<Run> run;
  Form form = Form::reply;
  std::size_t events_known = 0;  // to the caller, who does not want them again
  std::optional<std::chrono::steady_clock::time_point> until{};  // then "accepted" is said instead
  std::vector<std::pair<std::string, std::string>> headers{};    // beside those of the answer
};

struct Reply {
  int status = 200;
  std::string media_type;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string certificate_id{};  // for the log line, if the reply is about one
  std::optional<Later> later{};  // instead of all the rest
};

inline constexpr std::string_view json_media_type = "application/json";
inline constexpr std::string_view html_media_type = "text/html; charset=utf-8";
inline constexpr std::string_view text_media_type = "text/plain; charset=utf-8";

Reply json_reply(std::string body);
Reply problem_reply(const Problem& problem, std::string_view path);
// `allowed`: the methods, as an Allow header lists them.
Reply method_not_allowed(std::string_view allowed, std::string_view path);
// 202, with where to look.
Reply accepted_reply(const RunView& run);
// What every reply carries: no sniffing, no framing, no referrer, nothing active.
std::vector<std::pair<std::string, std::string>> security_headers();

// Picks the offered media type that an Accept header likes best (RFC 9110 section 12.5.1); the
// first of equals. Empty: none is acceptable. Parameters of an offer are not compared.
std::string_view negotiate(std::string_view accept, const std::vector<std::string_view>& offers);

}  // namespace mayfly::api
