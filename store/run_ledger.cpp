#include "store/run_ledger.hpp"

#include <algorithm>

#include "store/sqlite.hpp"

namespace mayfly::store {
namespace {

constexpr std::string_view run_columns =
    "run_id, client, state, submitted_at, coalesce(ended_at, -1), coalesce(certificate_id, '')";

RunRow read_run(const Statement& statement) {
  RunRow row{.run_id = statement.text(0),
             .client = statement.text(1),
             .state = statement.text(2),
             .submitted_at = {statement.number(3)}};
  if (statement.number(4) >= 0) row.ended_at = UnixMillis{statement.number(4)};
  if (std::string id = statement.text(5); !id.empty()) row.certificate_id = std::move(id);
  return row;
}

Result<void> forget_old(sqlite3* connection, UnixMillis now) {
  TRY(auto keys, Statement::prepare(connection, "DELETE FROM idempotency_key WHERE used_at < ?"));
  CHECK_OK(keys.bind(now.value - key_lifetime_ms).step());
  TRY(auto runs, Statement::prepare(connection, "DELETE FROM run WHERE submitted_at < ?"));
  CHECK_OK(runs.bind(now.value - run_lifetime_ms).step());
  return {};
}

// Nothing: the key is this run's from now on.
Result<std::optional<RunLedger::Verdict>> use_key(sqlite3* connection, const RunKey& key,
                                                  const RunRow& run) {
  using Verdict = RunLedger::Verdict;
  TRY(auto select, Statement::prepare(connection,
                                      "SELECT body_hash, run_id FROM idempotency_key"
                                      " WHERE client = ? AND key_hash = ?"));
  select.bind(key.client).bind(key.key_hash.view());
  TRY(const auto step, select.step());
  if (step == Statement::Step::row) {
    if (!std::ranges::equal(select.blob(0), key.body_hash.view())) {
      return std::optional<Verdict>(RunLedger::OtherBody{});
    }
    return std::optional<Verdict>(RunLedger::KnownAs{select.text(1)});
  }
  TRY(auto insert, Statement::prepare(connection,
                                      "INSERT INTO idempotency_key (client, key_hash, body_hash,"
                                      " run_id, used_at) VALUES (?, ?, ?, ?, ?)"));
  insert.bind(key.client).bind(key.key_hash.view()).bind(key.body_hash.view());
  CHECK_OK(insert.bind(run.run_id).bind(run.submitted_at.value).step());
  return std::optional<Verdict>();
}

Result<RunLedger::Verdict> accept_within(sqlite3* connection, const RunRow& run,
                                         const std::optional<RunKey>& key) {
  CHECK_OK(forget_old(connection, run.submitted_at));
  if (key) {
    TRY(const auto known, use_key(connection, *key, run));
    if (known) return *known;
  }
  TRY(auto insert, Statement::prepare(connection,
                                      "INSERT INTO run (run_id, client, state, submitted_at)"
                                      " VALUES (?, ?, ?, ?)"));
  insert.bind(run.run_id).bind(run.client).bind(accepted_state);
  CHECK_OK(insert.bind(run.submitted_at.value).step());
  return RunLedger::Verdict(RunLedger::Accepted{});
}

}  // namespace

Result<RunLedger::Verdict> RunLedger::accept(const RunRow& run,
                                             const std::optional<RunKey>& key) const {
  const auto locked = database_.lock();
  return in_transaction(locked.connection(), "accepting a run",
                        [&](sqlite3* connection) { return accept_within(connection, run, key); });
}

Result<void> RunLedger::note_certificate(std::string_view run_id, std::string_view certificate_id,
                                         const std::optional<std::string>& private_to) const {
  const auto locked = database_.lock();
  return in_transaction(
      locked.connection(), "noting a certificate", [&](sqlite3* connection) -> Result<void> {
        TRY(auto update,
            Statement::prepare(connection, "UPDATE run SET certificate_id = ? WHERE run_id = ?"));
        CHECK_OK(update.bind(certificate_id).bind(run_id).step());
        if (!private_to) return {};
        TRY(auto insert, Statement::prepare(connection,
                                            "INSERT INTO private_certificate (certificate_id,"
                                            " tenant) VALUES (?, ?)"));
        CHECK_OK(insert.bind(certificate_id).bind(*private_to).step());
        return {};
      });
}

Result<void> RunLedger::note_end(std::string_view run_id, std::string_view state,
                                 UnixMillis at) const {
  const auto locked = database_.lock();
  TRY(auto update, Statement::prepare(locked.connection(),
                                      "UPDATE run SET state = ?, ended_at = ? WHERE run_id = ?"));
  CHECK_OK(update.bind(state).bind(at.value).bind(run_id).step());
  return {};
}

Result<void> RunLedger::free_key(std::string_view run_id) const {
  const auto locked = database_.lock();
  TRY(auto remove,
      Statement::prepare(locked.connection(), "DELETE FROM idempotency_key WHERE run_id = ?"));
  CHECK_OK(remove.bind(run_id).step());
  return {};
}

Result<std::optional<RunRow>> RunLedger::find(std::string_view run_id,
                                              std::string_view client) const {
  const auto locked = database_.lock();
  TRY(auto select,
      Statement::prepare(locked.connection(), "SELECT " + std::string(run_columns) +
                                                  " FROM run WHERE run_id = ? AND client = ?"));
  select.bind(run_id).bind(client);
  TRY(const auto step, select.step());
  if (step == Statement::Step::done) return std::optional<RunRow>();
  return std::optional(read_run(select));
}

Result<std::vector<RunRow>> RunLedger::unfinished() const {
  const auto locked = database_.lock();
  TRY(auto select, Statement::prepare(locked.connection(), "SELECT " + std::string(run_columns) +
                                                               " FROM run WHERE state = ?"));
  select.bind(accepted_state);
  std::vector<RunRow> rows;
  for (;;) {
    TRY(const auto step, select.step());
    if (step == Statement::Step::done) return rows;
    rows.push_back(read_run(select));
  }
}

Result<std::optional<std::string>> RunLedger::owner_of_private(
    std::string_view certificate_id) const {
  const auto locked = database_.lock();
  TRY(auto select,
      Statement::prepare(locked.connection(),
                         "SELECT tenant FROM private_certificate WHERE certificate_id = ?"));
  select.bind(certificate_id);
  TRY(const auto step, select.step());
  if (step == Statement::Step::done) return std::optional<std::string>();
  return std::optional(select.text(0));
}

}  // namespace mayfly::store
