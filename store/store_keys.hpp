// The keys under which a store's certificates lie on the disk, in locked memory.
//
// Shapes    A file of lines, each one key of 32 bytes as 64 hex digits (`openssl rand -hex 32`).
//           The first seals what is written from now on; the others open what was written before.
//           At most store_keys_max. A key's id, 16 hex digits of its SHA-256, stands beside what
//           it sealed, and tells nothing of it.
// Errors    malformed: another text, a key that is there twice, or a file that others may read.
//           unavailable: no such file, no lockable memory.
// Threads   Read-only once made.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "crypto/locked_secret.hpp"

namespace mayfly::store {

inline constexpr std::size_t store_keys_max = 16;

struct StoreKey {
  std::string id;
  crypto::LockedSecret secret;
};

class StoreKeys {
 public:
  StoreKeys() = default;  // none: certificates lie there as they are
  static Result<StoreKeys> parse(ByteView text);
  static Result<StoreKeys> read(const std::filesystem::path& file);

  bool empty() const { return keys_.empty(); }
  // Precondition: not empty().
  const StoreKey& current() const { return keys_.front(); }
  const StoreKey* find(std::string_view id) const;

 private:
  std::vector<StoreKey> keys_;
};

}  // namespace mayfly::store
