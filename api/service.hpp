// What the routes work with; put together once by serve().
#pragma once
#include <functional>

#include "api/access.hpp"
#include "api/llm_request.hpp"
#include "api/log_event.hpp"
#include "api/metrics.hpp"
#include "api/rate_limit.hpp"
#include "api/run_queue.hpp"
#include "api/runs.hpp"
#include "intake/limits.hpp"
#include "intake/upload_session.hpp"
#include "pipeline/execute.hpp"
#include "store/audit_log.hpp"
#include "store/run_ledger.hpp"
#include "store/store.hpp"

namespace mayfly::api {

// What survives a restart.
struct Records {
  explicit Records(const store::ServiceDatabase& database)
      : tokens(database), ledger(database), audit(database) {}
  store::TokenStore tokens;
  store::RunLedger ledger;
  store::AuditLog audit;
};

struct Service {
  pipeline::Parts parts;  // parts.store is always set
  store::Store& store;
  RunQueue& queue;
  RateLimit& rate;
  Runs& runs;
  Metrics& metrics;
  std::function<void(Level, const std::string&)> log;  // one line; any thread calls it
  const Access& access;
  const Records* records = nullptr;   // null: nothing survives a restart, and there are no tokens
  std::function<void()> run_changed;  // of any run; called from any thread
  intake::IntakeLimits intake;
  intake::JobIdentity identity = intake::JobIdentity::same_user;
  LlmEndpoints llm_endpoints{};              // beside the two that are always known
  intake::UploadSession* uploads = nullptr;  // opens sealed ones; null: they are not offered
};

}  // namespace mayfly::api
