// Access tokens: who they stand for and what they allow. Of a token's secret there is only a hash.
//
// Errors    As Store. rejected: a token of this id exists already.
// Threads   As ServiceDatabase, which it borrows.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/sha2.hpp"
#include "store/service_database.hpp"

namespace mayfly::store {

struct TokenRow {
  std::string token_id;
  std::string tenant;
  std::string scopes;  // words, a space between
  crypto::Sha256 secret_hash;
  UnixMillis created_at;
  std::optional<UnixMillis> expires_at{};
  std::optional<UnixMillis> revoked_at{};
};

class TokenStore {
 public:
  explicit TokenStore(const ServiceDatabase& database) : database_(database) {}

  Result<void> add(const TokenRow& row) const;
  Result<std::optional<TokenRow>> find(std::string_view token_id) const;
  Result<std::vector<TokenRow>> list() const;  // oldest first
  // False: there is none, or it was revoked before.
  Result<bool> revoke(std::string_view token_id, UnixMillis at) const;
  // Whether there ever was one: revoking the last does not open the door.
  Result<bool> any() const;

 private:
  const ServiceDatabase& database_;
};

}  // namespace mayfly::store
