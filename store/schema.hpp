// The database's shape, as a numbered list of migrations: version n is the first n of them applied.
//
// Errors    malformed: another program's database, or a schema newer than this program knows.
#pragma once
#include <cstdint>

#include "base/result.hpp"

struct sqlite3;

namespace mayfly::store {

inline constexpr std::int64_t schema_application_id = 0x4D415946;  // "MAYF", see `file(1)`

// Refuses before anything is changed, so that another program's database is left as it was.
Result<void> check_ownership(sqlite3* connection);
// Safe when several processes open one new database at the same moment.
Result<void> migrate(sqlite3* connection);

}  // namespace mayfly::store
