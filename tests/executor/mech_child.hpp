// A forked child for tests of mechanisms that confine the caller: runs a function, gives its
// status.
//
// Use       EXPECT_EQ(run_in_child([] { return ::chroot("/") == 0 ? 0 : errno; }).exit_code,
//           EPERM);
#pragma once
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "base/unique_fd.hpp"
#include "executor/cgroup.hpp"

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

// As fork(), but the child is in a group from the start. Where it cannot be, it ends with 98.
inline pid_t fork_into(const executor::RunCgroup& cgroup) {
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  if (cgroup.v2_fd() >= 0) {
    arguments.flags = CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<__u64>(cgroup.v2_fd());
  }
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
  if (pid == 0 && !cgroup.enter()) ::_exit(98);
  return pid;
}

// A child, in a group if one is given, that does nothing until release().
class HeldChild {
 public:
  template <class Body>
  explicit HeldChild(Body body) {
    start([] { return ::fork(); }, std::move(body));
  }
  template <class Body>
  HeldChild(const executor::RunCgroup& cgroup, Body body) {
    start([&] { return fork_into(cgroup); }, std::move(body));
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
  // Returns when the child is where it should be.
  template <class Fork, class Body>
  void start(Fork fork, Body body) {
    int held[2];
    int born[2];
    if (::pipe2(held, O_CLOEXEC) != 0 || ::pipe2(born, O_CLOEXEC) != 0) return;
    pid_ = fork();
    if (pid_ == 0) {
      ::close(held[1]);
      char byte = 0;
      (void)!::write(born[1], &byte, 1);
      if (::read(held[0], &byte, 1) != 1) ::_exit(99);  // the test died
      ::_exit(body());
    }
    ::close(held[0]);
    ::close(born[1]);
    release_.reset(held[1]);
    const UniqueFd announced(born[0]);
    char byte = 0;
    (void)!::read(announced.borrow(), &byte, 1);
  }

  pid_t pid_ = -1;
  UniqueFd release_;
};

}  // namespace mayfly::test
