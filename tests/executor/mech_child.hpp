// A forked child for tests of mechanisms that confine the caller: runs a function, gives its
// status.
//
// Use       EXPECT_EQ(run_in_child([] { return ::chroot("/") == 0 ? 0 : errno; }).exit_code,
// EPERM);
#pragma once
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/unique_fd.hpp"

namespace mayfly::test {

struct ChildStatus {
  int exit_code = -1;  // 0..255 when it exited
  int signal = 0;      // when a signal ended it
};

inline ChildStatus wait_for_child(pid_t pid) {
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid) return {};
  if (WIFSIGNALED(status)) return {-1, WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

template <class Body>
ChildStatus run_in_child(Body body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  return wait_for_child(pid);
}

// A child that does nothing until release(), so that it can be put in its place first.
class HeldChild {
 public:
  template <class Body>
  explicit HeldChild(Body body) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[1]);
      char byte = 0;
      if (::read(ends[0], &byte, 1) != 1) ::_exit(99);  // the test died
      ::_exit(body());
    }
    ::close(ends[0]);
    release_.reset(ends[1]);
  }
  HeldChild(HeldChild&&) = delete;
  ~HeldChild() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    (void)wait_for_child(pid_);
  }

  pid_t pid() const { return pid_; }
  void release() const { (void)!::write(release_.borrow(), "x", 1); }
  ChildStatus wait() {
    const auto status = wait_for_child(pid_);
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_ = -1;
  UniqueFd release_;
};

}  // namespace mayfly::test
