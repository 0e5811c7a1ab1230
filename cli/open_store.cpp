#include "cli/open_store.hpp"

#include <cstdlib>
#include <utility>

#include "cli/state_folder.hpp"
#include "store/log_key.hpp"

namespace mayfly::cli {

Result<std::optional<std::filesystem::path>> store_key_file() {
  if (const char* named = std::getenv("MAYFLY_STORE_KEY"); named != nullptr && *named != '\0') {
    return std::filesystem::path(named);
  }
  const char* const credentials = std::getenv("CREDENTIALS_DIRECTORY");
  if (credentials == nullptr || *credentials == '\0') return std::nullopt;
  std::filesystem::path file = std::filesystem::path(credentials) / "store-key";
  std::error_code failed;
  const bool is_there = std::filesystem::exists(file, failed);
  if (failed) {
    return fail(ErrorCode::unavailable, file.string() + ": " + failed.message());
  }
  return is_there ? std::optional(std::move(file)) : std::nullopt;
}

Result<store::Store> open_store() {
  TRY(const std::filesystem::path folder, state_folder());
  TRY(const auto key_file, store_key_file());
  store::StoreKeys keys;
  if (key_file) {
    TRY(keys, store::StoreKeys::read(*key_file));
  }
  return store::Store::open(folder / "certificates.db", std::move(keys));
}

Result<store::ServiceDatabase> open_service_database() {
  TRY(const std::filesystem::path folder, state_folder());
  return store::ServiceDatabase::open(folder / "service.db");
}

std::filesystem::path log_key_file(const std::filesystem::path& state_folder) {
  return state_folder / "log.key";
}

Result<store::Log> open_log() {
  TRY(const std::filesystem::path folder, state_folder());
  TRY(transparency::NoteSigner signer,
      store::open_key_file(log_key_file(folder), /*name=*/"", transparency::KeyType::ed25519));
  return store::Log::open(folder / "certificates.db", std::move(signer));
}

}  // namespace mayfly::cli
