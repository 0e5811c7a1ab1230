#include "base/unique_fd.hpp"

#include <unistd.h>

#include <cerrno>

namespace mayfly {

void UniqueFd::reset(int fd) noexcept {
  const int saved_errno = errno;
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
  errno = saved_errno;
}

}  // namespace mayfly
