#include "crypto/locked_secret.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "crypto/wipe.hpp"

namespace mayfly::crypto {
namespace {

std::size_t page_bytes() {
  static const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

// The system call itself: sanitizer runtimes replace mlock() by a function that does nothing.
bool lock_page(void* start, std::size_t size_bytes) {
  return syscall(SYS_mlock, start, size_bytes) == 0;
}

std::unexpected<Error> cannot_lock(int error_number) {
  return fail(ErrorCode::unavailable,
              "cannot lock a page of memory for a secret key (" +
                  std::generic_category().message(error_number) +
                  "), so it could be written to swap: raise RLIMIT_MEMLOCK (ulimit -l)");
}

}  // namespace

Result<LockedSecret> LockedSecret::allocate(std::size_t size_bytes) {
  if (size_bytes > secret_bytes_max) {
    return fail(ErrorCode::limit, "a secret is at most 4096 bytes");
  }
  const std::size_t page = page_bytes();
  void* const region =
      mmap(/*addr=*/nullptr, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (region == MAP_FAILED) {
    return fail_errno("reserving memory for a secret key");
  }
  auto* const middle = static_cast<std::uint8_t*>(region) + page;
  if (mprotect(middle, page, PROT_READ | PROT_WRITE) != 0 || !lock_page(middle, page) ||
      madvise(middle, page, MADV_DONTDUMP) != 0 || madvise(middle, page, MADV_WIPEONFORK) != 0) {
    const int error_number = errno;
    munmap(region, 3 * page);
    return cannot_lock(error_number);
  }
  return LockedSecret(std::span(middle, size_bytes));
}

LockedSecret& LockedSecret::operator=(LockedSecret&& other) noexcept {
  if (this != &other) {
    release();
    bytes_ = std::exchange(other.bytes_, std::span<std::uint8_t>{});
  }
  return *this;
}

void LockedSecret::release() noexcept {
  if (bytes_.data() != nullptr) {
    wipe(bytes_);
    munmap(bytes_.data() - page_bytes(), 3 * page_bytes());
    bytes_ = {};
  }
}

}  // namespace mayfly::crypto
