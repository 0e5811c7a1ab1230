// Opens our database: made private and durable if missing, configured, migrated.
//
// Errors    unavailable (no permission, locked too long), malformed (not our database, newer
//           schema).
// Threads   One connection, one thread at a time.
#pragma once
#include <filesystem>

#include "base/result.hpp"
#include "store/schema.hpp"
#include "store/sqlite.hpp"

namespace mayfly::store {

// Missing folders are made 0700, a missing database 0600.
Result<Connection> connect(const std::filesystem::path& database,
                           const Schema& schema = certificate_schema());

// Missing folders down to `folder`, each 0700 and durable in its parent.
Result<void> make_folder(const std::filesystem::path& folder);
Result<void> sync_folder(const std::filesystem::path& folder);

}  // namespace mayfly::store
