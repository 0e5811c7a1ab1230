#include "cli/open_store.hpp"

#include "cli/state_folder.hpp"

namespace mayfly::cli {

Result<store::Store> open_store() {
  TRY(const std::filesystem::path folder, state_folder());
  return store::Store::open(folder / "certificates.db");
}

}  // namespace mayfly::cli
