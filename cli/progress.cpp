#include "cli/progress.hpp"

#include <unistd.h>

#include "cli/print.hpp"
#include "cli/quantities.hpp"

namespace mayfly::cli {
namespace {
constexpr std::uint64_t step_bytes = std::uint64_t{16} * 1024 * 1024;
}

Progress::Progress(Mode mode)
    : shown_(mode == Mode::terminal_only && ::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (dirty_) put_err("\r\033[K");
}

void Progress::reading(std::uint64_t bytes) {
  if (!shown_ || bytes < next_bytes_) return;
  next_bytes_ = bytes + step_bytes;
  dirty_ = true;
  say("\r\033[Kreading the dataset: {}", show_bytes(static_cast<std::int64_t>(bytes)));
}

}  // namespace mayfly::cli
