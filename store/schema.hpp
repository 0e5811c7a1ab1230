// The database's shape, as a numbered list of migrations: version n is the first n of them applied.
//
// Errors    malformed: another program's database, or a schema newer than this program knows.
#pragma once
#include <cstdint>
#include <span>

#include "base/result.hpp"

struct sqlite3;

namespace mayfly::store {

struct Schema {
  std::int64_t application_id = 0;  // whose database it is, see `file(1)`
  std::span<const char* const> migrations;
};
const Schema& certificate_schema();

// Refuses before anything is changed, so that another program's database is left as it was.
Result<void> check_ownership(sqlite3* connection, const Schema& schema);
// Safe when several processes open one new database at the same moment.
Result<void> migrate(sqlite3* connection, const Schema& schema);

}  // namespace mayfly::store
