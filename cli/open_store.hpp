// The certificate store that every verb shares: <state folder>/certificates.db.
#pragma once
#include "base/result.hpp"
#include "store/log.hpp"
#include "store/service_database.hpp"
#include "store/store.hpp"

namespace mayfly::cli {

Result<store::Store> open_store();
// The log in the same database, with its key beside it; both are made on first use.
Result<store::Log> open_log();
// <state folder>/service.db: the HTTP service's tokens and runs.
Result<store::ServiceDatabase> open_service_database();
std::filesystem::path log_key_file(const std::filesystem::path& state_folder);

}  // namespace mayfly::cli
