#include "api/reply.hpp"

#include <algorithm>
#include <charconv>

#include "api/header_value.hpp"
#include "api/run.hpp"

namespace mayfly::api {
namespace {

// The part before `separator`; the rest stays in `text`.
std::string_view take_part(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trimmed(part);
}

struct MediaRange {
  std::string_view type;
  int quality = 1000;  // thousandths
};

MediaRange parse_range(std::string_view text) {
  MediaRange range{.type = take_part(text, ';')};
  while (!text.empty()) {
    std::string_view parameter = take_part(text, ';');
    if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
    parameter.remove_prefix(2);
    double quality = 0;  // a malformed weight: not wanted
    std::from_chars(parameter.data(), parameter.data() + parameter.size(), quality);
    range.quality = static_cast<int>(std::clamp(quality, 0.0, 1.0) * 1000);
  }
  return range;
}

enum class Match : std::uint8_t { none, any, kind, exact };  // the more exact one decides

Match match(std::string_view range, std::string_view offer) {
  const std::string_view type = trimmed(offer.substr(0, offer.find(';')));
  if (range == type) return Match::exact;
  if (range == "*/*") return Match::any;
  if (range.ends_with("/*") && type.starts_with(range.substr(0, range.size() - 1))) {
    return Match::kind;
  }
  return Match::none;
}

int quality_of(std::string_view offer, std::string_view accept) {
  constexpr std::size_t ranges_max = 64;
  Match best = Match::none;
  int quality = 0;
  for (std::size_t i = 0; i < ranges_max && !accept.empty(); ++i) {
    const MediaRange range = parse_range(take_part(accept, ','));
    const Match matched = match(range.type, offer);
    if (matched <= best) continue;
    best = matched;
    quality = range.quality;
  }
  return quality;
}

}  // namespace

Reply json_reply(std::string body) {
  return {.media_type = std::string(json_media_type), .body = std::move(body)};
}

Reply problem_reply(const Problem& problem, std::string_view path) {
  Reply reply{.status = http_status(problem.kind),
              .media_type = std::string(problem_media_type),
              .body = problem_json(problem, path)};
  reply.headers.emplace_back("Cache-Control", "no-store");
  if (problem.kind == ProblemKind::unauthorized) {
    reply.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"mayfly\"");
  }
  if (problem.kind == ProblemKind::too_many_runs || problem.kind == ProblemKind::unavailable ||
      problem.kind == ProblemKind::already_in_progress) {
    reply.headers.emplace_back("Retry-After", "5");
  }
  return reply;
}

Reply method_not_allowed(std::string_view allowed, std::string_view path) {
  Reply reply = problem_reply(
      {ProblemKind::method_not_allowed, "this path answers " + std::string(allowed)}, path);
  reply.headers.emplace_back("Allow", std::string(allowed));
  return reply;
}

Reply accepted_reply(const RunView& run) {
  Reply reply = json_reply(run_json(run, Detail::state_alone, std::nullopt));
  reply.status = 202;
  reply.headers = {{"Location", "/runs/" + run.id},
                   {"Retry-After", "1"},
                   {"Preference-Applied", "respond-async"},
                   {"Cache-Control", "no-store"}};
  return reply;
}

std::vector<std::pair<std::string, std::string>> security_headers() {
  return {
      {"Content-Security-Policy",
       "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
       "frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
  };
}

std::string_view negotiate(std::string_view accept, const std::vector<std::string_view>& offers) {
  if (trimmed(accept).empty()) return offers.front();
  std::string_view best;
  int best_quality = 0;
  for (const std::string_view offer : offers) {
    const int quality = quality_of(offer, accept);
    if (quality > best_quality) {
      best = offer;
      best_quality = quality;
    }
  }
  return best;
}

}  // namespace mayfly::api
