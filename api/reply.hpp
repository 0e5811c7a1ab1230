// A request and a reply as plain values, free of any HTTP library, so that routes are functions.
//
// Threads   Plain values and pure functions.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
};

struct Reply {
  int status = 200;
  std::string media_type;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string certificate_id{};  // for the log line, if the reply is about one
};

inline constexpr std::string_view json_media_type = "application/json";
inline constexpr std::string_view html_media_type = "text/html; charset=utf-8";
inline constexpr std::string_view text_media_type = "text/plain; charset=utf-8";

Reply json_reply(std::string body);
Reply problem_reply(const Problem& problem, std::string_view path);
// What every reply carries: no sniffing, no framing, no referrer, nothing active.
std::vector<std::pair<std::string, std::string>> security_headers();

// Picks the offered media type that an Accept header likes best (RFC 9110 section 12.5.1); the
// first of equals. Empty: none is acceptable. Parameters of an offer are not compared.
std::string_view negotiate(std::string_view accept, const std::vector<std::string_view>& offers);

}  // namespace mayfly::api
