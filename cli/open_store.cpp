#include "cli/open_store.hpp"

#include "cli/state_folder.hpp"
#include "store/log_key.hpp"

namespace mayfly::cli {

Result<store::Store> open_store() {
  TRY(const std::filesystem::path folder, state_folder());
  return store::Store::open(folder / "certificates.db");
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
