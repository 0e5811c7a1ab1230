#include "store/store.hpp"

#include <mutex>
#include <string>
#include <utility>

#include "store/connect.hpp"
#include "store/cursor.hpp"
#include "store/sqlite.hpp"

namespace mayfly::store {
namespace {

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
