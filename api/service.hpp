// What the routes work with; put together once by serve().
#pragma once
#include <functional>

#include "api/llm_request.hpp"
#include "api/rate_limit.hpp"
#include "api/run_queue.hpp"
#include "api/runs.hpp"
#include "intake/limits.hpp"
#include "pipeline/execute.hpp"
#include "store/store.hpp"

namespace mayfly::api {

struct Service {
  pipeline::Parts parts;  // parts.store is always set
  store::Store& store;
  RunQueue& queue;
  RateLimit& rate;
  Runs& runs;
  std::function<void()> run_changed;  // of any run; called from any thread
  intake::IntakeLimits intake;
  intake::JobIdentity identity = intake::JobIdentity::same_user;
  LlmEndpoints llm_endpoints{};  // beside the two that are always known
};

}  // namespace mayfly::api
