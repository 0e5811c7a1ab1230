#include "api/metrics_route.hpp"

#include <algorithm>
#include <array>

namespace mayfly::api {
namespace {

struct Route {
  std::string_view start;
  std::string_view label;
};
// The first that fits.
constexpr std::array routes = {
    Route{"/execute", "execute"},
    Route{"/runs/", "run"},
    Route{"/certificates", "certificates"},
    Route{"/certificate/", "certificate"},
    Route{"/claims/", "claims"},
    Route{"/log/", "log"},
    Route{"/healthz", "health"},
    Route{"/readyz", "health"},
    Route{"/metrics", "metrics"},
    Route{"/audit", "audit"},
    Route{"/openapi.json", "openapi"},
};

}  // namespace

std::string_view route_label(std::string_view path) {
  constexpr std::string_view version = "/v1";
  if (path.starts_with(version)) path.remove_prefix(version.size());
  const auto found = std::ranges::find_if(
      routes, [&](const Route& route) { return path.starts_with(route.start); });
  return found == routes.end() ? std::string_view("other") : found->label;
}

Reply read_metrics(const Call& call, const Service& service) {
  if (!call.caller.scopes.has(Scope::admin)) {
    if (auto may = require(call.caller, Scope::metrics); !may) {
      return problem_reply(may.error(), call.path);
    }
  }
  const RunQueue::Load load = service.queue.load();
  Metrics& metrics = service.metrics;
  metrics.set(Metric::queue_depth, {}, static_cast<double>(load.waiting));
  metrics.set(Metric::runs_in_progress, {}, static_cast<double>(load.running));
  metrics.set(Metric::queue_dataset_bytes, {}, static_cast<double>(load.dataset_bytes));
  metrics.set(Metric::queue_job_bytes, {}, static_cast<double>(load.job_bytes));
  const auto type = negotiate(call.accept, {prometheus_media_type, openmetrics_media_type});
  const bool is_open = type == openmetrics_media_type;
  return {.media_type = std::string(is_open ? openmetrics_media_type : prometheus_media_type),
          .body = metrics.text(is_open ? Exposition::openmetrics : Exposition::prometheus),
          .headers = {{"Cache-Control", "no-store"}}};
}

}  // namespace mayfly::api
