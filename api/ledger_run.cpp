#include "api/ledger_run.hpp"

#include "api/json_out.hpp"
#include "api/run.hpp"

namespace mayfly::api {

std::string ledger_run_json(const store::RunRow& run) {
  JsonOut json(reply_bounds);
  json.begin_object();
  json.member("id", run.run_id);
  json.member("state", run.state);
  json.member("submitted_at", to_rfc3339(run.submitted_at));
  if (run.ended_at) json.member("finished_at", to_rfc3339(*run.ended_at));
  if (run.certificate_id) {
    json.member("certificate_id", *run.certificate_id);
    json.member("certificate_url", "/certificate/" + *run.certificate_id);
  }
  json.end_object();
  auto text = std::move(json).finish();
  return text ? std::move(*text) : std::string("{}");
}

Result<void> settle_unfinished(const store::RunLedger& ledger, const store::Store& store,
                               UnixMillis now) {
  TRY(const auto unfinished, ledger.unfinished());
  for (const store::RunRow& run : unfinished) {
    bool is_stored = false;
    if (run.certificate_id) {
      TRY(const auto certificate, store.get(*run.certificate_id));
      is_stored = certificate.has_value();
    }
    const RunState state = is_stored ? RunState::finished : RunState::dropped;
    CHECK_OK(ledger.note_end(run.run_id, to_string(state), now));
    if (!is_stored) {
      CHECK_OK(ledger.free_key(run.run_id));
    }
  }
  return {};
}

}  // namespace mayfly::api
