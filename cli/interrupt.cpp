#include "cli/interrupt.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

namespace mayfly::cli {
namespace {

// Written once before the handler can run; a handler may touch nothing richer.
volatile std::sig_atomic_t event_fd = -1;
volatile std::sig_atomic_t asked = 0;

extern "C" void on_interrupt(int /*signal*/) {
  const int saved_errno = errno;
  if (asked != 0) ::_exit(130);
  asked = 1;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(event_fd, &one, sizeof one);
  errno = saved_errno;
}

}  // namespace

Result<Interrupt> Interrupt::install() {
  UniqueFd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd) return fail_errno("eventfd");
  event_fd = fd.borrow();
  struct sigaction action{};
  action.sa_handler = on_interrupt;
  action.sa_flags = SA_RESTART;
  if (::sigaction(SIGINT, &action, nullptr) != 0 || ::sigaction(SIGTERM, &action, nullptr) != 0) {
    return fail_errno("sigaction");
  }
  return Interrupt(std::move(fd));
}

bool Interrupt::happened() const {
  return asked != 0;
}

}  // namespace mayfly::cli
