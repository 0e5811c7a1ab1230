#include "store/token_store.hpp"

#include <algorithm>

#include "store/sqlite.hpp"

namespace mayfly::store {
namespace {

constexpr std::string_view token_columns =
    "token_id, tenant, scopes, secret_hash, created_at, coalesce(expires_at, -1),"
    " coalesce(revoked_at, -1)";

std::optional<UnixMillis> time_at(const Statement& statement, int column) {
  const std::int64_t value = statement.number(column);
  return value < 0 ? std::nullopt : std::optional(UnixMillis{value});
}

TokenRow read_token(const Statement& statement) {
  TokenRow row{.token_id = statement.text(0),
               .tenant = statement.text(1),
               .scopes = statement.text(2),
               .secret_hash = {},
               .created_at = {statement.number(4)},
               .expires_at = time_at(statement, 5),
               .revoked_at = time_at(statement, 6)};
  // The schema says that it has 32 bytes.
  std::ranges::copy(statement.blob(3).first(32), row.secret_hash.bytes.begin());
  return row;
}

}  // namespace

Result<void> TokenStore::add(const TokenRow& row) const {
  const auto locked = database_.lock();
  TRY(auto insert,
      Statement::prepare(locked.connection(),
                         "INSERT INTO token (token_id, tenant, scopes, secret_hash, created_at,"
                         " expires_at) VALUES (?, ?, ?, ?, ?, nullif(?, -1))"
                         " ON CONFLICT DO NOTHING RETURNING 1"));
  insert.bind(row.token_id).bind(row.tenant).bind(row.scopes).bind(row.secret_hash.view());
  insert.bind(row.created_at.value).bind(row.expires_at ? row.expires_at->value : -1);
  TRY(auto step, insert.step());
  if (step == Statement::Step::done) {
    return fail(ErrorCode::rejected, "there is a token of this id already");
  }
  TRY(step, insert.step());  // the commit
  return {};
}

Result<std::optional<TokenRow>> TokenStore::find(std::string_view token_id) const {
  const auto locked = database_.lock();
  TRY(auto select, Statement::prepare(locked.connection(), "SELECT " + std::string(token_columns) +
                                                               " FROM token WHERE token_id = ?"));
  select.bind(token_id);
  TRY(const auto step, select.step());
  if (step == Statement::Step::done) return std::optional<TokenRow>();
  return std::optional(read_token(select));
}

Result<std::vector<TokenRow>> TokenStore::list() const {
  const auto locked = database_.lock();
  TRY(auto select, Statement::prepare(locked.connection(), "SELECT " + std::string(token_columns) +
                                                               " FROM token ORDER BY created_at,"
                                                               " token_id"));
  std::vector<TokenRow> rows;
  for (;;) {
    TRY(const auto step, select.step());
    if (step == Statement::Step::done) return rows;
    rows.push_back(read_token(select));
  }
}

Result<bool> TokenStore::revoke(std::string_view token_id, UnixMillis at) const {
  const auto locked = database_.lock();
  TRY(auto update, Statement::prepare(locked.connection(),
                                      "UPDATE token SET revoked_at = ? WHERE token_id = ?"
                                      " AND revoked_at IS NULL RETURNING 1"));
  update.bind(at.value).bind(token_id);
  TRY(auto step, update.step());
  if (step == Statement::Step::done) return false;
  TRY(step, update.step());
  return true;
}

Result<bool> TokenStore::any() const {
  const auto locked = database_.lock();
  TRY(const auto found, query_number(locked.connection(), "SELECT EXISTS (SELECT 1 FROM token)"));
  return found == 1;
}

}  // namespace mayfly::store
