// What the routes work with; put together once by serve().
#pragma once
#include <optional>

#include "api/llm_request.hpp"
#include "api/run_slots.hpp"
#include "intake/limits.hpp"
#include "pipeline/execute.hpp"
#include "store/store.hpp"

namespace mayfly::api {

struct Service {
  pipeline::Parts parts;  // parts.store is always set
  store::Store& store;
  RunSlots& slots;
  intake::IntakeLimits intake;
  intake::JobIdentity identity = intake::JobIdentity::same_user;
  LlmEndpoints llm_endpoints{};  // beside the two that are always known
  int cancel_fd = -1;            // readable: stop every job now
  // X25519, of whoever opens sealed uploads; absent: they are not offered.
  std::optional<Bytes> upload_key{};
};

}  // namespace mayfly::api
