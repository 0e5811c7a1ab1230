#include "crypto/locked_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/unique_fd.hpp"

namespace mayfly::crypto {

Result<LockedSecret> read_locked_file(const std::string& path, std::size_t bytes_max) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!file || ::fstat(file.borrow(), &status) != 0) {
    return std::unexpected(errno_error(errno, path));
  }
  constexpr mode_t others = S_IROTH | S_IWOTH;
  if (!S_ISREG(status.st_mode) || (status.st_mode & others) != 0) {
    return fail(ErrorCode::malformed,
                path + ": it must be a file that only its owner and group may read: chmod 600 it");
  }
  TRY(LockedSecret read, LockedSecret::allocate(bytes_max + 1));
  std::size_t size = 0;
  for (ssize_t count = 1; count > 0 && size < read.bytes().size();) {
    count = ::read(file.borrow(), read.bytes().data() + size, read.bytes().size() - size);
    if (count < 0) return fail_errno(path);
    size += static_cast<std::size_t>(count);
  }
  if (size > bytes_max) {
    return fail(ErrorCode::limit, path + ": more than " + std::to_string(bytes_max) + " bytes");
  }
  TRY(LockedSecret content, LockedSecret::allocate(size));
  std::ranges::copy(read.view().first(size), content.bytes().begin());
  return content;
}

}  // namespace mayfly::crypto
