#include "store/schema.hpp"

#include <array>
#include <string>

#include "store/sqlite.hpp"

namespace mayfly::store {
namespace {

// Append only: a released migration is never edited.
// Version 1. Each search column is indexed together with the page order, so that a page is one
// index range however many certificates there are.
constexpr const char* certificates_by_id = R"sql(
CREATE TABLE certificate (
  certificate_id TEXT NOT NULL UNIQUE,
  claim_hash     TEXT NOT NULL,
  dataset_hash   TEXT NOT NULL,
  sandbox_hash   TEXT NOT NULL,
  status         TEXT NOT NULL,
  tee            TEXT NOT NULL,
  issued_at      INTEGER NOT NULL,
  bytes          BLOB NOT NULL
) STRICT;
CREATE INDEX certificate_by_time    ON certificate (issued_at, certificate_id);
CREATE INDEX certificate_by_claim   ON certificate (claim_hash, issued_at, certificate_id);
CREATE INDEX certificate_by_dataset ON certificate (dataset_hash, issued_at, certificate_id);
CREATE INDEX certificate_by_sandbox ON certificate (sandbox_hash, issued_at, certificate_id);
CREATE INDEX certificate_by_status  ON certificate (status, issued_at, certificate_id);
)sql";

// Version 2. What was once logged stays as it is, whoever asks: no row can be changed or removed,
// entries follow one another without a gap, and one size has one root.
constexpr const char* append_only_log = R"sql(
CREATE TABLE log_entry (
  idx   INTEGER PRIMARY KEY CHECK (idx >= 0),
  entry BLOB NOT NULL CHECK (length(entry) <= 65535)
) STRICT;
CREATE TABLE log_checkpoint (
  size INTEGER PRIMARY KEY CHECK (size > 0),
  root BLOB NOT NULL CHECK (length(root) = 32),
  note TEXT NOT NULL
) STRICT;
CREATE TABLE log_cosignature (
  size INTEGER NOT NULL REFERENCES log_checkpoint (size),
  line TEXT NOT NULL,
  PRIMARY KEY (size, line)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER log_entry_follows BEFORE INSERT ON log_entry
  WHEN NEW.idx <> (SELECT coalesce(max(idx) + 1, 0) FROM log_entry)
  BEGIN SELECT RAISE(ABORT, 'a log entry follows the last one'); END;
CREATE TRIGGER log_checkpoint_grows BEFORE INSERT ON log_checkpoint
  WHEN NEW.size <= (SELECT coalesce(max(size), 0) FROM log_checkpoint)
    OR NEW.size <> (SELECT max(idx) + 1 FROM log_entry)
  BEGIN SELECT RAISE(ABORT, 'a checkpoint is of the whole log and of no earlier size'); END;
CREATE TRIGGER log_entry_stays_u BEFORE UPDATE ON log_entry
  BEGIN SELECT RAISE(ABORT, 'a log entry never changes'); END;
CREATE TRIGGER log_entry_stays_d BEFORE DELETE ON log_entry
  BEGIN SELECT RAISE(ABORT, 'a log entry is never removed'); END;
CREATE TRIGGER log_checkpoint_stays_u BEFORE UPDATE ON log_checkpoint
  BEGIN SELECT RAISE(ABORT, 'a checkpoint never changes'); END;
CREATE TRIGGER log_checkpoint_stays_d BEFORE DELETE ON log_checkpoint
  BEGIN SELECT RAISE(ABORT, 'a checkpoint is never removed'); END;
)sql";

// Version 3. Which key sealed the bytes; empty: they lie there as they are. The index finds what
// another key than the current one sealed.
constexpr const char* sealed_certificates = R"sql(
ALTER TABLE certificate ADD COLUMN key_id TEXT NOT NULL DEFAULT '';
CREATE INDEX certificate_by_key ON certificate (key_id, certificate_id);
)sql";

constexpr std::array migrations = {certificates_by_id, append_only_log, sealed_certificates};
constexpr Schema of_certificates{.application_id = 0x4D415946, .migrations = migrations};  // "MAYF"

std::int64_t newest_version(const Schema& schema) {
  return static_cast<std::int64_t>(schema.migrations.size());
}

Result<void> apply_missing(sqlite3* connection, const Schema& schema) {
  // Read again inside the transaction: another process may have migrated meanwhile.
  TRY(const auto version, query_number(connection, "PRAGMA user_version"));
  for (auto next = version; next < newest_version(schema); ++next) {
    CHECK_OK(run_sql(connection, schema.migrations[static_cast<std::size_t>(next)],
                     "migrating the database"));
  }
  const std::string stamp = "PRAGMA application_id = " + std::to_string(schema.application_id) +
                            "; PRAGMA user_version = " + std::to_string(newest_version(schema));
  return run_sql(connection, stamp.c_str(), "stamping the database");
}

Result<void> check_snapshot(sqlite3* connection, const Schema& schema) {
  TRY(const auto application, query_number(connection, "PRAGMA application_id"));
  TRY(const auto version, query_number(connection, "PRAGMA user_version"));
  TRY(const auto objects, query_number(connection, "SELECT count(*) FROM sqlite_schema"));
  const bool is_new = application == 0 && version == 0 && objects == 0;
  if (is_new) return {};
  if (application != schema.application_id) {
    return fail(ErrorCode::malformed,
                "this database belongs to another program; name another file");
  }
  if (version > newest_version(schema)) {
    return fail(ErrorCode::malformed, "this database has schema " + std::to_string(version) +
                                          " and this program knows up to " +
                                          std::to_string(newest_version(schema)) +
                                          "; use the newer program that wrote it");
  }
  return {};
}

}  // namespace

const Schema& certificate_schema() {
  return of_certificates;
}

Result<void> check_ownership(sqlite3* connection, const Schema& schema) {
  // One snapshot for the three reads: another process may be migrating this very file.
  CHECK_OK(run_sql(connection, "BEGIN", "reading the database"));
  const auto owned = check_snapshot(connection, schema);
  CHECK_OK(run_sql(connection, "COMMIT", "reading the database"));
  return owned;
}

Result<void> migrate(sqlite3* connection, const Schema& schema) {
  TRY(const auto version, query_number(connection, "PRAGMA user_version"));
  if (version == newest_version(schema)) return {};
  return in_transaction(connection, "migrating the database",
                        [&](sqlite3* opened) { return apply_missing(opened, schema); });
}

}  // namespace mayfly::store
