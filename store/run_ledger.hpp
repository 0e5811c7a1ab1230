// The runs that were accepted, so that none is forgotten by a restart: to whom each belongs, and
// which certificate came of it, noted before that certificate can be seen.
//
// Shapes    A key of a client (Idempotency-Key) names one run, for key_lifetime. Runs are kept for
//           run_lifetime after they were submitted.
// Errors    As Store.
// Threads   As ServiceDatabase, which it borrows.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/sha2.hpp"
#include "store/service_database.hpp"

namespace mayfly::store {

inline constexpr std::int64_t key_lifetime_ms = std::int64_t{24} * 3600 * 1000;
inline constexpr std::int64_t run_lifetime_ms = std::int64_t{30} * 24 * 3600 * 1000;

struct RunRow {
  std::string run_id;
  std::string client;
  std::string state;  // "accepted" until it has ended
  UnixMillis submitted_at;
  std::optional<UnixMillis> ended_at{};
  std::optional<std::string> certificate_id{};
};
inline constexpr std::string_view accepted_state = "accepted";

struct RunKey {
  std::string client;
  crypto::Sha256 key_hash;
  crypto::Sha256 body_hash;
};

class RunLedger {
 public:
  explicit RunLedger(const ServiceDatabase& database) : database_(database) {}

  struct Accepted {};
  struct KnownAs {
    std::string run_id;
  };
  struct OtherBody {};
  using Verdict = std::variant<Accepted, KnownAs, OtherBody>;
  // `key` is absent where there is none. KnownAs: the same request was accepted before.
  Result<Verdict> accept(const RunRow& run, const std::optional<RunKey>& key) const;
  // Durable when it returns. `private_to`: the tenant that alone may see the certificate.
  Result<void> note_certificate(std::string_view run_id, std::string_view certificate_id,
                                const std::optional<std::string>& private_to) const;
  Result<void> note_end(std::string_view run_id, std::string_view state, UnixMillis at) const;
  // As if the run had never been asked for: the key may be used again.
  Result<void> free_key(std::string_view run_id) const;
  Result<std::optional<RunRow>> find(std::string_view run_id, std::string_view client) const;
  Result<std::vector<RunRow>> unfinished() const;
  // Absent: it is public.
  Result<std::optional<std::string>> owner_of_private(std::string_view certificate_id) const;

 private:
  const ServiceDatabase& database_;
};

}  // namespace mayfly::store
