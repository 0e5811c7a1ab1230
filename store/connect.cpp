#include "store/connect.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <unistd.h>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include "base/unique_fd.hpp"
#include "store/schema.hpp"

namespace mayfly::store {
namespace {

constexpr int busy_timeout_ms = 10'000;

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

Result<void> configure(sqlite3* connection, const Schema& schema) {
  sqlite3_busy_timeout(connection, busy_timeout_ms);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  CHECK_OK(check_ownership(connection, schema));
  CHECK_OK(use_write_ahead_log(connection));
  CHECK_OK(run_sql(connection,
                   "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"
                   "PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON",
                   "configuring the database"));
  return migrate(connection, schema);
}

}  // namespace

Result<void> sync_folder(const std::filesystem::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno("opening " + folder.string());
  if (::fsync(fd.borrow()) != 0) return fail_errno("fsync of " + folder.string());
  return {};
}

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

Result<Connection> connect(const std::filesystem::path& database, const Schema& schema) {
  CHECK_OK(make_folder(database.parent_path()));
  CHECK_OK(make_private_file(database));
  sqlite3* raw = nullptr;
  // NOMUTEX: whoever owns the connection serialises calls itself.
  const int code =
      sqlite3_open_v2(database.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Connection connection(raw);
  if (raw == nullptr) return fail(ErrorCode::unavailable, "no memory for a database connection");
  sqlite3_extended_result_codes(raw, 1);
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(raw, "opening"));
  CHECK_OK(configure(raw, schema));
  return connection;
}

}  // namespace mayfly::store
