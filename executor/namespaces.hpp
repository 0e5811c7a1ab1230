// The namespaces of a sandbox: user, mount, pid, net, ipc, uts in one clone; cgroup later, from
// inside its group.
//
// Errors    unavailable: the kernel or a security module forbids one; names it and the way out.
// Threads   Forks: the caller is single-threaded.
#pragma once
#include <sys/types.h>

#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace mayfly::executor {

struct ClonedProcess {
  pid_t pid = 0;  // 0 in the child
  UniqueFd pidfd;
};

// As fork(); the child is pid 1 of new namespaces and is killed when we die.
// `into_cgroup` is RunCgroup::v2_fd(), or -1.
Result<ClonedProcess> clone_into_namespaces(int into_cgroup);

// In the child, once it is inside its control group: hides the group's path on the host.
Result<void> enter_cgroup_namespace();

// In the child: what uname(2) says.
Result<void> set_host_name();

// "pid:[4026532211]": what teardown looks for afterwards.
Result<std::string> pid_namespace_of(pid_t pid);

}  // namespace mayfly::executor
