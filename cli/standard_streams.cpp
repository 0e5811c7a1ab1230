#include "cli/standard_streams.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <string>

#include "base/result.hpp"

namespace mayfly::cli {
namespace {

constexpr int status_failed = 1;

std::atomic<int> out_errno = 0;

void remember(int error_number) {
  int none = 0;
  out_errno.compare_exchange_strong(none, error_number != 0 ? error_number : EIO);
}

// 0, or why not all could be written.
int write_all(int to, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(to, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno;
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return 0;
}

}  // namespace

bool hold_standard_descriptors() {
  constexpr int modes[] = {O_WRONLY, O_RDONLY, O_RDWR};
  for (int fd = 0; fd < 3; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest free number is the one that was found closed.
    if (::open("/dev/null", modes[fd]) != fd) return false;
  }
  return true;
}

void put_out(std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) remember(errno);
}

void put_err(std::string_view text) {
  static_cast<void>(write_all(STDERR_FILENO, bytes_of(text)));
}

void pass_out(ByteView bytes) {
  const int failed = write_all(STDOUT_FILENO, bytes);
  if (failed != 0 && failed != EPIPE) remember(failed);
}

void pass_err(ByteView bytes) {
  static_cast<void>(write_all(STDERR_FILENO, bytes));
}

int flush_out() {
  errno = 0;
  if (std::fflush(stdout) != 0) remember(errno);
  return out_errno.load();
}

int finish(std::string_view program, int status) {
  const int failed = flush_out();
  if (failed == 0) return status;
  if (failed != EPIPE) {
    put_err(std::string(program) + ": " +
            errno_error(failed, "what was to be printed is incomplete: standard output").message() +
            "\n");
  }
  return status == 0 ? status_failed : status;
}

}  // namespace mayfly::cli
