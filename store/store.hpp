// Certificates by id, durable before put() returns. SQLite: WAL, synchronous=FULL, STRICT tables.
//
// With keys, a certificate's bytes are sealed before they reach the database, under its id: no
// file, page or log of SQLite's holds them in the clear. What a search asks about is not sealed.
//
// Errors    unavailable (no permission, disk full, locked too long), malformed (not our database,
//           newer schema, an id or cursor of the wrong form, keys that are needed and not given),
//           limit (certificate_bytes_max, search_limit_max), rejected (another certificate under
//           this id; sealed bytes that were changed or moved), internal.
// Threads   One Store may be shared by threads; calls are serialised inside. Several processes may
//           open one database at once.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "store/store_keys.hpp"

namespace mayfly::store {

inline constexpr std::size_t certificate_bytes_max = std::size_t{16} * 1024 * 1024;
inline constexpr std::size_t search_limit_max = 1000;  // certificates in one page

// What a search can ask about; all of it is public in the certificate itself.
struct CertificateRow {
  std::string certificate_id;
  std::string claim_hash;
  std::string dataset_hash;
  std::string sandbox_hash;
  std::string status;  // result.status
  std::string tee;     // "simulated-tdx", ...
  UnixMillis issued_at;
};

struct Query {  // Absent members match everything. Newest first.
  std::optional<std::string> claim_hash;
  std::optional<std::string> dataset_hash;
  std::optional<std::string> sandbox_hash;
  std::optional<std::string> status;
  std::optional<UnixMillis> since;
  std::size_t limit = 50;             // 1..search_limit_max
  std::optional<std::string> cursor;  // from Page::next
};
struct Page {
  std::vector<CertificateRow> rows;
  std::optional<std::string> next;  // opaque; absent at the end
};

class Store {
 public:
  // Made with mode 0600 if missing, in a folder made with 0700 if missing. Once a certificate was
  // sealed, the keys have to open all that is sealed, so that nothing is written in the clear
  // beside it because a key was forgotten.
  static Result<Store> open(const std::filesystem::path& database, StoreKeys keys = {});
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  // Durable (fsync'd) when it returns. The same bytes twice are fine.
  Result<void> put(const CertificateRow& row, ByteView certificate);
  // `id_or_prefix`: whole id, or a unique prefix of "cert_" and >= 12 hex digits.
  // nullopt: none. rejected: the prefix names several.
  Result<std::optional<Bytes>> get(std::string_view id_or_prefix) const;
  Result<Page> search(const Query& query) const;

  // Seals everything under the current key: what another key sealed, and what was in the clear.
  // Returns how many certificates that were. May be cut off at any time, and begun again.
  // Precondition: there are keys.
  Result<std::int64_t> reseal();
  // A copy as of now, sealed as it is here, durable when it returns; others go on reading and
  // writing. rejected: `file` is there already.
  Result<void> back_up(const std::filesystem::path& file) const;
  // What SQLite finds damaged. Empty: nothing.
  Result<std::vector<std::string>> damage() const;

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mayfly::store
