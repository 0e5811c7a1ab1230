#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace mayfly {
namespace {

UniqueFd make_fd() {
  return UniqueFd(::memfd_create("unique_fd_test", MFD_CLOEXEC));
}

// The kernel's answer, not ours.
bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

TEST(UniqueFd, ClosesAtTheEndOfItsLife) {
  int number = -1;
  {
    const UniqueFd fd = make_fd();
    number = fd.borrow();
    ASSERT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFd, MovingLeavesOneOwner) {
  UniqueFd first = make_fd();
  const int number = first.borrow();
  UniqueFd second(std::move(first));
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): the moved-from state is the promise.
  EXPECT_EQ(second.borrow(), number);
  EXPECT_TRUE(is_open(number));
}

TEST(UniqueFd, AssigningClosesWhatWasOwnedBefore) {
  UniqueFd first = make_fd();
  UniqueFd second = make_fd();
  const int replaced = first.borrow();
  const int kept = second.borrow();
  first = std::move(second);
  EXPECT_FALSE(is_open(replaced));
  EXPECT_TRUE(is_open(kept));
}

TEST(UniqueFd, ReleaseGivesTheDescriptorAway) {
  UniqueFd fd = make_fd();
  const int number = fd.release();
  fd.reset();
  EXPECT_TRUE(is_open(number));
  ::close(number);
}

TEST(UniqueFd, ResetKeepsErrno) {
  UniqueFd fd(1 << 20);  // not open: close() fails and sets errno
  errno = EXDEV;
  fd.reset();
  EXPECT_EQ(errno, EXDEV);
}

TEST(UniqueFd, OwnsNothingByDefault) {
  const UniqueFd fd;
  EXPECT_FALSE(fd);
  EXPECT_EQ(fd.borrow(), -1);
}

}  // namespace
}  // namespace mayfly
