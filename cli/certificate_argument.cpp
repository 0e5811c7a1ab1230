#include "cli/certificate_argument.hpp"

#include <cerrno>
#include <filesystem>

#include "cli/judge_certificate.hpp"
#include "cli/open_store.hpp"

namespace mayfly::cli {

Result<Bytes> certificate_argument(const std::string& argument) {
  // A file of that name wins: an id can always be written out in full.
  std::error_code unknown;
  if (argument.starts_with("cert_") && !std::filesystem::exists(argument, unknown)) {
    return stored_certificate(argument);
  }
  return read_certificate(argument);
}

Result<Bytes> stored_certificate(const std::string& id) {
  TRY(const store::Store store, open_store());
  auto found = store.get(id);
  if (!found) return std::unexpected(std::move(found).error().while_doing(id));
  if (!*found) {
    return std::unexpected(Error(
        ErrorCode::unavailable,
        "no certificate " + id + " in the local store; \"mayfly certificates list\" lists them",
        ENOENT));
  }
  return std::move(**found);
}

}  // namespace mayfly::cli
