// The certificate store that every verb shares: <state folder>/certificates.db.
#pragma once
#include <filesystem>
#include <optional>

#include "base/result.hpp"
#include "store/log.hpp"
#include "store/service_database.hpp"
#include "store/store.hpp"

namespace mayfly::cli {

// The file of the keys that seal certificates: $MAYFLY_STORE_KEY, else store-key among a unit's
// credentials (systemd: $CREDENTIALS_DIRECTORY), else none.
Result<std::optional<std::filesystem::path>> store_key_file();
Result<store::Store> open_store();
// The log in the same database, with its key beside it; both are made on first use.
Result<store::Log> open_log();
// <state folder>/service.db: the HTTP service's tokens and runs.
Result<store::ServiceDatabase> open_service_database();
std::filesystem::path log_key_file(const std::filesystem::path& state_folder);

}  // namespace mayfly::cli
