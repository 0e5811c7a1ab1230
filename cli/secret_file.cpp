#include "cli/secret_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/unique_fd.hpp"

namespace mayfly::cli {

Result<crypto::LockedSecret> read_secret_file(std::string_view option, const std::string& path,
                                              std::size_t bytes_max) {
  const std::string named = fmt::format("{} {}", option, path);
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!file || ::fstat(file.borrow(), &status) != 0) {
    return std::unexpected(errno_error(errno, named));
  }
  constexpr mode_t others = S_IROTH | S_IWOTH;
  if (!S_ISREG(status.st_mode) || (status.st_mode & others) != 0) {
    return fail(ErrorCode::malformed,
                named + ": it must be a file that only its owner and group may read: chmod 600 it");
  }
  TRY(crypto::LockedSecret read, crypto::LockedSecret::allocate(bytes_max + 1));
  std::size_t size = 0;
  for (ssize_t count = 1; count > 0 && size < read.bytes().size();) {
    count = ::read(file.borrow(), read.bytes().data() + size, read.bytes().size() - size);
    if (count < 0) return fail_errno(named);
    size += static_cast<std::size_t>(count);
  }
  while (size > 0 && (read.view()[size - 1] == '\n' || read.view()[size - 1] == '\r')) --size;
  const auto is_printable = [](std::uint8_t byte) { return byte > 0x20 && byte < 0x7f; };
  if (size == 0 || size > bytes_max ||
      !std::ranges::all_of(read.view().first(size), is_printable)) {
    return fail(
        ErrorCode::malformed,
        fmt::format("{}: it must hold one key of 1 to {} printable bytes", named, bytes_max));
  }
  TRY(crypto::LockedSecret key, crypto::LockedSecret::allocate(size));
  std::ranges::copy(read.view().first(size), key.bytes().begin());
  return key;
}

}  // namespace mayfly::cli
