#include "api/accept_run.hpp"

#include <algorithm>

#include "api/audit_route.hpp"
#include "api/ledger_run.hpp"

namespace mayfly::api {
namespace {

bool is_key(std::string_view text) {
  return !text.empty() && text.size() <= idempotency_key_bytes_max &&
         std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

Reply replayed(Reply reply) {
  reply.headers.emplace_back("Idempotent-Replayed", "true");
  return reply;
}

Reply reply_again(const std::string& run_id, const Call& call, const Service& service) {
  if (const auto run = service.runs.find(run_id, call.caller.tenant)) {
    const RunView view = run->view();
    if (view.answer) return replayed(*view.answer);
    return problem_reply({ProblemKind::already_in_progress,
                          "the request with this Idempotency-Key is still in progress: " +
                              std::string("GET /runs/") + run_id},
                         call.path);
  }
  const auto row = service.records->ledger.find(run_id, call.caller.tenant);
  if (!row) return problem_reply(problem_of(row.error()), call.path);
  if (!*row || !(*row)->ended_at) {
    return problem_reply({ProblemKind::already_in_progress,
                          "the request with this Idempotency-Key is still in progress"},
                         call.path);
  }
  return replayed(json_reply(ledger_run_json(**row)));
}

}  // namespace

std::optional<Reply> accept(const Call& call, const crypto::Sha256& body_hash, const Run& run,
                            const Service& service) {
  const std::string& key = call.idempotency_key;
  if (!key.empty() && !is_key(key)) {
    return problem_reply({ProblemKind::malformed_request,
                          "an Idempotency-Key is 1 to " +
                              std::to_string(idempotency_key_bytes_max) + " visible characters"},
                         call.path);
  }
  if (service.records == nullptr) {
    if (key.empty()) return std::nullopt;
    return problem_reply({ProblemKind::not_implemented,
                          "this service keeps nothing over a restart, and so no Idempotency-Key"},
                         call.path);
  }
  std::optional<store::RunKey> used;
  if (!key.empty()) {
    used = {.client = call.caller.tenant,
            .key_hash = crypto::sha256(bytes_of(key)),
            .body_hash = body_hash};
  }
  const store::RunRow row{.run_id = run.id(),
                          .client = run.client(),
                          .state = {},
                          .submitted_at = run.view().events.front().at};
  const auto verdict = service.records->ledger.accept(row, used);
  if (!verdict) return problem_reply(problem_of(verdict.error()), call.path);
  if (const auto* const known = std::get_if<store::RunLedger::KnownAs>(&*verdict)) {
    return reply_again(known->run_id, call, service);
  }
  if (std::holds_alternative<store::RunLedger::OtherBody>(*verdict)) {
    return problem_reply({ProblemKind::key_reused,
                          "this Idempotency-Key was used for another request; choose a new one"},
                         call.path);
  }
  note(service, call.caller, "run.accept", run.id());
  return std::nullopt;
}

}  // namespace mayfly::api
