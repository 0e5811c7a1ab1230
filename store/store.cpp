#include "store/store.hpp"

#include <fcntl.h>

#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <mutex>
#include <string>
#include <utility>

#include "base/unique_fd.hpp"
#include "crypto/sealed_bytes.hpp"
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

std::unexpected<Error> missing_key(std::string_view id) {
  return fail(ErrorCode::malformed, "certificates here are sealed by the key " + std::string(id) +
                                        ", which was not given: name its file in MAYFLY_STORE_KEY");
}

// Sealed with the bytes, so that no row passes for another.
Bytes place_of(std::string_view certificate_id) {
  constexpr std::string_view domain("mayfly/stored-certificate/v1\0", 29);
  Bytes place(domain.begin(), domain.end());
  place.insert(place.end(), certificate_id.begin(), certificate_id.end());
  return place;
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
  StoreKeys keys;

  // How a certificate lies in the table.
  struct Lying {
    std::string key_id;
    Bytes bytes;
  };
  Lying seal(std::string_view certificate_id, ByteView certificate) const {
    if (keys.empty()) return {"", {certificate.begin(), certificate.end()}};
    const StoreKey& key = keys.current();
    return {key.id, crypto::seal_bytes(key.secret.view(), certificate, place_of(certificate_id))};
  }
  Result<Bytes> open(std::string_view certificate_id, std::string_view key_id,
                     ByteView lying) const;
  Result<void> check_keys() const;
  // Inside a transaction. How many it was.
  Result<std::int64_t> reseal_some(std::int64_t at_most) const;
};

Result<Bytes> Store::State::open(std::string_view certificate_id, std::string_view key_id,
                                 ByteView lying) const {
  if (key_id.empty()) return Bytes(lying.begin(), lying.end());
  const StoreKey* const key = keys.find(key_id);
  if (key == nullptr) return missing_key(key_id);
  auto opened = crypto::open_bytes(key->secret.view(), lying, place_of(certificate_id));
  if (opened) return opened;
  return fail(ErrorCode::rejected, "the store's copy of " + std::string(certificate_id) +
                                       " is damaged, or was changed or moved on the disk");
}

// Whether all that is sealed can be opened: a few index steps, however many certificates there are.
Result<void> Store::State::check_keys() const {
  std::string last;
  for (;;) {
    TRY(auto next, Statement::prepare(connection.get(),
                                      "SELECT key_id FROM certificate WHERE key_id > ?"
                                      " ORDER BY key_id LIMIT 1"));
    next.bind(last);
    TRY(const auto step, next.step());
    if (step == Statement::Step::done) return {};
    std::string id = next.text(0);
    if (keys.find(id) == nullptr) return missing_key(id);
    last = std::move(id);
  }
}

Result<std::int64_t> Store::State::reseal_some(std::int64_t at_most) const {
  TRY(auto select, Statement::prepare(connection.get(),
                                      "SELECT certificate_id, key_id, bytes FROM certificate"
                                      " WHERE key_id < ?1 OR key_id > ?1 LIMIT ?2"));
  select.bind(keys.current().id).bind(at_most);
  std::vector<std::pair<std::string, Lying>> changed;
  for (std::size_t bytes = 0; bytes < certificate_bytes_max;) {
    TRY(const auto step, select.step());
    if (step == Statement::Step::done) break;
    std::string id = select.text(0);
    TRY(const Bytes certificate, open(id, select.text(1), select.blob(2)));
    Lying lying = seal(id, certificate);
    bytes += lying.bytes.size();
    changed.emplace_back(std::move(id), std::move(lying));
  }
  for (const auto& [id, lying] : changed) {
    TRY(auto update, Statement::prepare(
                         connection.get(),
                         "UPDATE certificate SET key_id = ?, bytes = ? WHERE certificate_id = ?"));
    update.bind(lying.key_id).bind(ByteView(lying.bytes)).bind(id);
    TRY([[maybe_unused]] const auto step, update.step());
  }
  return static_cast<std::int64_t>(changed.size());
}

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Result<Store> Store::open(const std::filesystem::path& database, StoreKeys keys) {
  const auto doing = "certificate database " + database.string();
  auto connection = connect(database);
  if (!connection) return std::unexpected(std::move(connection).error().while_doing(doing));
  auto state = std::make_unique<State>();
  state->connection = std::move(*connection);
  state->keys = std::move(keys);
  if (auto checked = state->check_keys(); !checked) {
    return std::unexpected(std::move(checked).error().while_doing(doing));
  }
  return Store(std::move(state));
}

Result<void> Store::put(const CertificateRow& row, ByteView certificate) {
  CHECK_OK(check_row(row, certificate));
  const State::Lying lying = state_->seal(row.certificate_id, certificate);
  const std::lock_guard lock(state_->mutex);
  // Another process may have sealed the first one meanwhile.
  if (state_->keys.empty()) CHECK_OK(state_->check_keys());
  sqlite3* connection = state_->connection.get();
  TRY(auto insert,
      Statement::prepare(connection,
                         "INSERT INTO certificate (certificate_id, claim_hash, dataset_hash,"
                         " sandbox_hash, status, tee, issued_at, bytes, key_id)"
                         " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
                         " ON CONFLICT (certificate_id) DO NOTHING RETURNING 1"));
  insert.bind(row.certificate_id).bind(row.claim_hash).bind(row.dataset_hash);
  insert.bind(row.sandbox_hash).bind(row.status).bind(row.tee);
  insert.bind(row.issued_at.value).bind(ByteView(lying.bytes)).bind(lying.key_id);
  TRY(auto step, insert.step());
  const bool inserted = step == Statement::Step::row;
  // The commit, and with it the fsync, happens in the step that ends the statement.
  if (inserted) {
    TRY(step, insert.step());
    return {};
  }
  TRY(auto select,
      Statement::prepare(connection,
                         "SELECT key_id, bytes FROM certificate WHERE certificate_id = ?"));
  select.bind(row.certificate_id);
  TRY(step, select.step());
  if (step == Statement::Step::row) {
    TRY(const Bytes there, state_->open(row.certificate_id, select.text(0), select.blob(1)));
    if (std::ranges::equal(there, certificate)) return {};
  }
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
                                      "SELECT certificate_id, key_id, bytes FROM certificate"
                                      " WHERE certificate_id >= ? AND certificate_id < ?"
                                      " ORDER BY certificate_id LIMIT 2"));
  select.bind(id_or_prefix).bind(end);
  TRY(const auto first, select.step());
  if (first == Statement::Step::done) return std::optional<Bytes>();
  auto certificate = state_->open(select.text(0), select.text(1), select.blob(2));
  TRY(const auto second, select.step());
  if (second == Statement::Step::row) {
    return fail(ErrorCode::rejected, "several certificates start with " +
                                         std::string(id_or_prefix) + "; give more digits");
  }
  if (!certificate) return std::unexpected(std::move(certificate).error());
  return std::optional<Bytes>(std::move(*certificate));
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

Result<std::int64_t> Store::reseal() {
  constexpr std::int64_t at_once = 100;
  std::int64_t resealed = 0;
  for (;;) {
    const std::lock_guard lock(state_->mutex);
    TRY(const std::int64_t done,
        in_transaction(state_->connection.get(), "sealing certificates again",
                       [&](sqlite3*) { return state_->reseal_some(at_once); }));
    resealed += done;
    if (done == 0) break;
  }
  // What the log still holds in the clear goes with it; SQLite zeroes the pages it frees.
  const std::lock_guard lock(state_->mutex);
  CHECK_OK(run_sql(state_->connection.get(), "PRAGMA wal_checkpoint(TRUNCATE)",
                   "emptying the write-ahead log"));
  return resealed;
}

Result<void> Store::back_up(const std::filesystem::path& file) const {
  const UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd && errno == EEXIST) {
    return fail(ErrorCode::rejected, file.string() + " is there already; name a new file");
  }
  if (!fd) return fail_errno("creating " + file.string());
  const std::string name = file.string();  // outlives the statement, which borrows it
  const auto copied = [&]() -> Result<void> {
    const std::lock_guard lock(state_->mutex);
    TRY(auto copy, Statement::prepare(state_->connection.get(), "VACUUM INTO ?"));
    copy.bind(name);
    TRY([[maybe_unused]] const auto step, copy.step());
    if (::fsync(fd.borrow()) != 0) return fail_errno("fsync of " + name);
    return {};
  }();
  if (!copied) {
    ::unlink(file.c_str());
    return std::unexpected(copied.error());
  }
  return sync_folder(file.parent_path().empty() ? "." : file.parent_path());
}

Result<std::vector<std::string>> Store::damage() const {
  const std::lock_guard lock(state_->mutex);
  TRY(auto check, Statement::prepare(state_->connection.get(), "PRAGMA integrity_check"));
  std::vector<std::string> found;
  for (;;) {
    TRY(const auto step, check.step());
    if (step == Statement::Step::done) return found;
    if (auto line = check.text(0); line != "ok") found.push_back(std::move(line));
  }
}

}  // namespace mayfly::store
