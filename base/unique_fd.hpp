// Owner of one file descriptor. Take `UniqueFd` to own, `const UniqueFd&` to borrow.
#pragma once
#include <utility>

namespace mayfly {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  explicit operator bool() const noexcept { return fd_ >= 0; }
  int borrow() const noexcept { return fd_; }  // Named so that storing it looks wrong.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
  // Never retries close() (on Linux the descriptor is gone even after EINTR); keeps errno.
  void reset(int fd = -1) noexcept;

 private:
  int fd_ = -1;
};

}  // namespace mayfly
