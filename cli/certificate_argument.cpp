#include "cli/certificate_argument.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "base/file_io.hpp"
#include "cli/open_store.hpp"

namespace mayfly::cli {
namespace {
constexpr std::size_t certificate_bytes_max = std::size_t{16} * 1024 * 1024;
}

Result<Bytes> certificate_argument(const std::string& argument) {
  if (argument == "-") {
    const UniqueFd input(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!input) return fail_errno("standard input");
    return read_to_end(input, certificate_bytes_max);
  }
  // A file of that name wins: an id can always be written out in full.
  if (argument.starts_with("cert_") && !std::filesystem::exists(argument)) {
    TRY(const store::Store store, open_store());
    TRY(auto found, store.get(argument));
    if (!found) {
      return fail(ErrorCode::unavailable,
                  "no certificate " + argument + " in the local store, and no file of that name");
    }
    return std::move(*found);
  }
  return read_file(argument, certificate_bytes_max);
}

}  // namespace mayfly::cli
