// SQLite as values: an owned connection, prepared statements, and its result codes as our errors.
//
// Errors    unavailable: disk full, no permission, locked too long, I/O. malformed: not a database,
//           or a damaged one. internal: anything else. Messages carry no bound value.
// Threads   One connection, one thread at a time.
#pragma once
#include <sqlite3.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::store {

struct CloseConnection {
  void operator()(sqlite3* connection) const noexcept { sqlite3_close_v2(connection); }
};
using Connection = std::unique_ptr<sqlite3, CloseConnection>;

Error sqlite_error(sqlite3* connection, std::string_view doing);

Result<void> run_sql(sqlite3* connection, const char* sql, std::string_view doing);

// A prepared statement. Bound text and blobs are borrowed until the statement is destroyed.
class Statement {
 public:
  static Result<Statement> prepare(sqlite3* connection, std::string_view sql);

  Statement& bind(std::string_view text);
  Statement& bind(std::string&& text) = delete;  // it would be gone before the statement is run
  Statement& bind(std::int64_t number);
  Statement& bind(ByteView blob);

  enum class Step : std::uint8_t { row, done };
  Result<Step> step();

  std::string text(int column) const;
  std::int64_t number(int column) const;
  ByteView blob(int column) const;  // borrowed until the next step()

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int next_parameter_ = 1;
  int bind_code_ = SQLITE_OK;  // first failure of a bind(), reported by step()
};

// All that `body(connection)` does, or nothing of it.
template <class Body>
auto in_transaction(sqlite3* connection, std::string_view doing, Body body)
    -> decltype(body(connection)) {
  CHECK_OK(run_sql(connection, "BEGIN IMMEDIATE", doing));
  auto done = body(connection);
  if (done) {
    auto committed = run_sql(connection, "COMMIT", doing);
    if (committed) return done;
    done = std::unexpected(std::move(committed).error());
  }
  // The first error is the one to report; a rollback that fails leaves nothing committed.
  sqlite3_exec(connection, "ROLLBACK", nullptr, nullptr, nullptr);
  return done;
}

// The single number a query answers with ("PRAGMA user_version").
Result<std::int64_t> query_number(sqlite3* connection, std::string_view sql);

}  // namespace mayfly::store
