#include "crypto/random.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace mayfly::crypto {

void fill_random(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t count = getrandom(out.data(), out.size(), /*flags=*/0);
    if (count > 0) {
      out = out.subspan(static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      std::abort();
    }
  }
}

}  // namespace mayfly::crypto
