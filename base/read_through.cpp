#include "base/read_through.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>

namespace mayfly {

Result<void> read_through(const UniqueFd& fd, std::string_view doing,
                          const std::function<void(ByteView)>& take) {
  std::array<std::uint8_t, 64 * 1024> buffer;
  for (;;) {
    const ssize_t count = ::read(fd.borrow(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(doing);
    if (count == 0) return {};
    take(ByteView(buffer).first(static_cast<std::size_t>(count)));
  }
}

}  // namespace mayfly
