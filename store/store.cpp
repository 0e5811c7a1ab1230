#include "store/store.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <unistd.h>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "base/unique_fd.hpp"
#include "store/cursor.hpp"
#include "store/schema.hpp"
#include "store/sqlite.hpp"

namespace mayfly::store {
namespace {

constexpr int busy_timeout_ms = 10'000;

Result<void> sync_folder(const std::filesystem::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno("opening " + folder.string());
  if (::fsync(fd.borrow()) != 0) return fail_errno("fsync of " + folder.string());
  return {};
}

// Missing folders down to `folder`, each 0700 and durable in its parent.
Result<void> make_folder(const std::filesystem::path& folder) {
  std::error_code ignored;
  if (folder.empty() || std::filesystem::is_directory(folder, ignored)) return {};
  const auto parent = folder.parent_path();
  CHECK_OK(make_folder(parent));
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return fail_errno("creating the folder " + folder.string());
  }
  return sync_folder(parent.empty() ? "." : parent);
}

// mknod, not open: closing any descriptor of a file drops the locks that SQLite holds on it
// elsewhere in this process.
Result<void> make_private_file(const std::filesystem::path& database) {
  if (::mknod(database.c_str(), S_IFREG | 0600, 0) != 0 && errno != EEXIST) {
    return fail_errno("creating " + database.string());
  }
  struct stat facts{};
  if (::stat(database.c_str(), &facts) != 0) return fail_errno("looking at " + database.string());
  if (!S_ISREG(facts.st_mode)) {
    return fail(ErrorCode::malformed, database.string() + " is not a regular file");
  }
  return {};
}

// Changing the journal mode needs the file to itself for a moment and does not wait for it, so
// that processes which open one new database together would fail without this loop.
Result<void> use_write_ahead_log(sqlite3* connection) {
  constexpr int attempts_max = busy_timeout_ms / 10;
  for (int attempt = 1;; ++attempt) {
    TRY(auto statement, Statement::prepare(connection, "PRAGMA journal_mode = WAL"));
    const auto step = statement.step();
    if (step && statement.text(0) == "wal") return {};
    if (step) {
      return fail(ErrorCode::unavailable,
                  "this file system cannot hold a write-ahead log; use a local disk");
    }
    const int code = sqlite3_errcode(connection);
    if (attempt == attempts_max || (code != SQLITE_BUSY && code != SQLITE_LOCKED)) {
      return std::unexpected(step.error());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

Result<void> configure(sqlite3* connection) {
  sqlite3_busy_timeout(connection, busy_timeout_ms);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  CHECK_OK(check_ownership(connection));
  CHECK_OK(use_write_ahead_log(connection));
  CHECK_OK(run_sql(connection,
                   "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"
                   "PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON",
                   "configuring the certificate database"));
  return migrate(connection);
}

Result<Connection> connect(const std::filesystem::path& database) {
  CHECK_OK(make_folder(database.parent_path()));
  CHECK_OK(make_private_file(database));
  sqlite3* raw = nullptr;
  // NOMUTEX: the Store serialises calls itself.
  const int code =
      sqlite3_open_v2(database.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Connection connection(raw);
  if (raw == nullptr) return fail(ErrorCode::unavailable, "no memory for a database connection");
  sqlite3_extended_result_codes(raw, 1);
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(raw, "opening"));
  CHECK_OK(configure(raw));
  return connection;
}

Result<void> check_row(const CertificateRow& row, ByteView certificate) {
  if (!is_certificate_id(row.certificate_id, certificate_id_digits)) {
    return fail(ErrorCode::malformed, "a certificate id is \"cert_\" and 64 hex digits");
  }
  if (certificate.size() > certificate_bytes_max) {
    return fail(ErrorCode::limit, "a certificate may have " +
                                      std::to_string(certificate_bytes_max) +
                                      " bytes (certificate_bytes_max), this one has " +
                                      std::to_string(certificate.size()));
  }
  return {};
}

// Most telling first. Only the first one present may choose the index: unary plus keeps SQLite from
// picking, say, the index on `status` for one claim among a million succeeded runs.
struct Filter {
  const char* column;
  const std::optional<std::string>& value;
};

std::string search_sql(std::span<const Filter> filters, const Query& query) {
  std::string sql =
      "SELECT certificate_id, claim_hash, dataset_hash, sandbox_hash, status, tee, issued_at"
      " FROM certificate WHERE 1";
  bool index_chosen = false;
  for (const Filter& filter : filters) {
    if (!filter.value) continue;
    sql += std::string(" AND ") + (index_chosen ? "+" : "") + filter.column + " = ?";
    index_chosen = true;
  }
  if (query.since) sql += " AND issued_at >= ?";
  if (query.cursor) sql += " AND (issued_at, certificate_id) < (?, ?)";
  return sql + " ORDER BY issued_at DESC, certificate_id DESC LIMIT ?";
}

CertificateRow read_row(const Statement& statement) {
  return {.certificate_id = statement.text(0),
          .claim_hash = statement.text(1),
          .dataset_hash = statement.text(2),
          .sandbox_hash = statement.text(3),
          .status = statement.text(4),
          .tee = statement.text(5),
          .issued_at = {statement.number(6)}};
}

}  // namespace

struct Store::State {
  mutable std::mutex mutex;
  Connection connection;
};

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Result<Store> Store::open(const std::filesystem::path& database) {
  auto connection = connect(database);
  if (!connection) {
    return std::unexpected(
        std::move(connection).error().while_doing("certificate database " + database.string()));
  }
  auto state = std::make_unique<State>();
  state->connection = std::move(*connection);
  return Store(std::move(state));
}

Result<void> Store::put(const CertificateRow& row, ByteView certificate) {
  CHECK_OK(check_row(row, certificate));
  const std::lock_guard lock(state_->mutex);
  sqlite3* connection = state_->connection.get();
  TRY(auto insert, Statement::prepare(connection,
                                      "INSERT INTO certificate (certificate_id, claim_hash,"
                                      " dataset_hash, sandbox_hash, status, tee, issued_at, bytes)"
                                      " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                                      " ON CONFLICT (certificate_id) DO NOTHING RETURNING 1"));
  insert.bind(row.certificate_id).bind(row.claim_hash).bind(row.dataset_hash);
  insert.bind(row.sandbox_hash).bind(row.status).bind(row.tee);
  insert.bind(row.issued_at.value).bind(certificate);
  TRY(auto step, insert.step());
  const bool inserted = step == Statement::Step::row;
  // The commit, and with it the fsync, happens in the step that ends the statement.
  if (inserted) {
    TRY(step, insert.step());
    return {};
  }
  TRY(auto select,
      Statement::prepare(connection, "SELECT bytes = ? FROM certificate WHERE certificate_id = ?"));
  select.bind(certificate).bind(row.certificate_id);
  TRY(step, select.step());
  if (step == Statement::Step::row && select.number(0) == 1) return {};
  return fail(ErrorCode::rejected,
              "another certificate is already stored under " + row.certificate_id);
}

Result<std::optional<Bytes>> Store::get(std::string_view id_or_prefix) const {
  if (!is_certificate_id(id_or_prefix, certificate_id_digits_min)) {
    return fail(ErrorCode::malformed,
                "not a certificate id: give \"cert_\" and 12 to 64 lower-case hex digits");
  }
  const std::lock_guard lock(state_->mutex);
  // 'g' follows 'f': every id that starts with the prefix lies between the two ends.
  const std::string end = std::string(id_or_prefix) + "g";
  TRY(auto select, Statement::prepare(state_->connection.get(),
                                      "SELECT bytes FROM certificate WHERE certificate_id >= ?"
                                      " AND certificate_id < ? ORDER BY certificate_id LIMIT 2"));
  select.bind(id_or_prefix).bind(end);
  TRY(const auto first, select.step());
  if (first == Statement::Step::done) return std::optional<Bytes>();
  const ByteView bytes = select.blob(0);
  Bytes certificate(bytes.begin(), bytes.end());
  TRY(const auto second, select.step());
  if (second == Statement::Step::row) {
    return fail(ErrorCode::rejected, "several certificates start with " +
                                         std::string(id_or_prefix) + "; give more digits");
  }
  return std::optional<Bytes>(std::move(certificate));
}

Result<Page> Store::search(const Query& query) const {
  if (query.limit < 1 || query.limit > search_limit_max) {
    return fail(ErrorCode::limit, "limit is 1 to " + std::to_string(search_limit_max) +
                                      " certificates in a page (search_limit_max)");
  }
  std::optional<PagePosition> after;
  if (query.cursor) {
    TRY(after, decode_cursor(*query.cursor));
  }
  const Filter filters[] = {{"claim_hash", query.claim_hash},
                            {"sandbox_hash", query.sandbox_hash},
                            {"dataset_hash", query.dataset_hash},
                            {"status", query.status}};
  const std::lock_guard lock(state_->mutex);
  TRY(auto select, Statement::prepare(state_->connection.get(), search_sql(filters, query)));
  for (const Filter& filter : filters) {
    if (filter.value) select.bind(*filter.value);
  }
  if (query.since) select.bind(query.since->value);
  if (after) select.bind(after->issued_at.value).bind(after->certificate_id);
  // One more than asked for tells whether another page follows.
  select.bind(static_cast<std::int64_t>(query.limit) + 1);

  Page page;
  for (;;) {
    TRY(const auto step, select.step());
    if (step == Statement::Step::done) return page;
    if (page.rows.size() == query.limit) {
      page.next = encode_cursor({page.rows.back().issued_at, page.rows.back().certificate_id});
      return page;
    }
    page.rows.push_back(read_row(select));
  }
}

}  // namespace mayfly::store
