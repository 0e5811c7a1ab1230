#include "store/sqlite.hpp"

#include <limits>

namespace mayfly::store {
namespace {

ErrorCode classify(int primary_code) {
  switch (primary_code) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM: return ErrorCode::unavailable;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT: return ErrorCode::malformed;
    case SQLITE_TOOBIG: return ErrorCode::limit;
    default: return ErrorCode::internal;
  }
}

std::string_view advice(int primary_code) {
  switch (primary_code) {
    case SQLITE_FULL: return "; free some space on that disk and try again";
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM: return "; make its folder writable for this user";
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return "; another process holds it, try again when that one is done";
    case SQLITE_NOTADB: return "; name another file";
    case SQLITE_CORRUPT: return "; restore it from a copy";
    default: return "";
  }
}

Error code_error(int code, std::string_view doing) {
  // sqlite3_errstr names the code; sqlite3_errmsg could quote SQL or a value, so it is not used.
  const int primary_code = code & 0xff;
  return {classify(primary_code),
          std::string(doing) + ": " + sqlite3_errstr(code) + std::string(advice(primary_code))};
}

}  // namespace

Error sqlite_error(sqlite3* connection, std::string_view doing) {
  return code_error(sqlite3_extended_errcode(connection), doing);
}

Result<void> run_sql(sqlite3* connection, const char* sql, std::string_view doing) {
  if (sqlite3_exec(connection, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return std::unexpected(sqlite_error(connection, doing));
  }
  return {};
}

Result<Statement> Statement::prepare(sqlite3* connection, std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(connection, sql.data(), static_cast<int>(sql.size()),
                                      &statement, /*pzTail=*/nullptr);
  if (code != SQLITE_OK) {
    return std::unexpected(sqlite_error(connection, "asking the certificate database"));
  }
  return Statement(statement);
}

Statement& Statement::bind(std::string_view text) {
  const int code = sqlite3_bind_text64(statement_.get(), next_parameter_++, text.data(),
                                       text.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
  return *this;
}

Statement& Statement::bind(std::int64_t number) {
  const int code = sqlite3_bind_int64(statement_.get(), next_parameter_++, number);
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
  return *this;
}

Statement& Statement::bind(ByteView blob) {
  const int code = sqlite3_bind_blob64(statement_.get(), next_parameter_++, blob.data(),
                                       blob.size(), SQLITE_STATIC);
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
  return *this;
}

Result<Statement::Step> Statement::step() {
  constexpr std::string_view doing = "using the certificate database";
  if (bind_code_ != SQLITE_OK) return std::unexpected(code_error(bind_code_, doing));
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return Step::row;
  if (code == SQLITE_DONE) return Step::done;
  return std::unexpected(sqlite_error(sqlite3_db_handle(statement_.get()), doing));
}

std::string Statement::text(int column) const {
  const auto bytes = blob(column);
  return std::string(text_of(bytes));
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

ByteView Statement::blob(int column) const {
  // column_blob before column_bytes: the order that SQLite documents as safe.
  const auto* data =
      static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {data, static_cast<std::size_t>(size)};
}

Result<std::int64_t> query_number(sqlite3* connection, std::string_view sql) {
  TRY(auto statement, Statement::prepare(connection, sql));
  TRY(const auto step, statement.step());
  if (step != Statement::Step::row) return fail(ErrorCode::internal, "a query gave no number");
  return statement.number(0);
}

}  // namespace mayfly::store
