#include "store/service_database.hpp"

#include <array>

#include "store/connect.hpp"
#include "store/schema.hpp"
#include "store/sqlite.hpp"

namespace mayfly::store {
namespace {

// Append only: a released migration is never edited.
constexpr const char* first_tables = R"sql(
CREATE TABLE token (
  token_id    TEXT NOT NULL PRIMARY KEY,
  tenant      TEXT NOT NULL,
  scopes      TEXT NOT NULL,
  secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32),
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER,
  revoked_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE run (
  run_id         TEXT NOT NULL PRIMARY KEY,
  client         TEXT NOT NULL,
  state          TEXT NOT NULL,
  submitted_at   INTEGER NOT NULL,
  ended_at       INTEGER,
  certificate_id TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX run_by_state ON run (state);
CREATE INDEX run_by_time ON run (submitted_at);
CREATE TABLE idempotency_key (
  client    TEXT NOT NULL,
  key_hash  BLOB NOT NULL CHECK (length(key_hash) = 32),
  body_hash BLOB NOT NULL CHECK (length(body_hash) = 32),
  run_id    TEXT NOT NULL,
  used_at   INTEGER NOT NULL,
  PRIMARY KEY (client, key_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_key_by_time ON idempotency_key (used_at);
CREATE TABLE private_certificate (
  certificate_id TEXT NOT NULL PRIMARY KEY,
  tenant         TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE audit (
  number  INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  actor   TEXT NOT NULL,
  action  TEXT NOT NULL,
  subject TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_stays_u BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'an audit entry never changes'); END;
CREATE TRIGGER audit_stays_d BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'an audit entry is never removed'); END;
)sql";

constexpr std::array service_migrations = {first_tables};
constexpr Schema schema{.application_id = 0x4D415953, .migrations = service_migrations};  // "MAYS"

}  // namespace

struct ServiceDatabase::State {
  mutable std::mutex mutex;
  Connection connection;
};

ServiceDatabase::ServiceDatabase(std::unique_ptr<State> state) : state_(std::move(state)) {}
ServiceDatabase::ServiceDatabase(ServiceDatabase&&) noexcept = default;
ServiceDatabase& ServiceDatabase::operator=(ServiceDatabase&&) noexcept = default;
ServiceDatabase::~ServiceDatabase() = default;

Result<ServiceDatabase> ServiceDatabase::open(const std::filesystem::path& database) {
  auto connection = connect(database, schema);
  if (!connection) {
    return std::unexpected(
        std::move(connection).error().while_doing("service database " + database.string()));
  }
  auto state = std::make_unique<State>();
  state->connection = std::move(*connection);
  return ServiceDatabase(std::move(state));
}

ServiceDatabase::Locked ServiceDatabase::lock() const {
  std::unique_lock lock(state_->mutex);
  sqlite3* const connection = state_->connection.get();
  return {std::move(lock), connection};
}

}  // namespace mayfly::store
