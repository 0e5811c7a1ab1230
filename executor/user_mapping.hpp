// Who the job is: user 1000 inside its user namespace, and an unprivileged user outside.
//
// Shapes    separate_user (we may map ids): an outside uid and gid made from our pid, so that no
//           two runs and no service share one, and supplementary groups are dropped.
//           same_user (an ordinary user, or a container that has one id only): our own ids; the
//           kernel then lets nobody drop supplementary groups.
// Errors    unavailable: the kernel refuses the mapping; names the sysctl to look at.
// Threads   Pure, but for reading /proc.
#pragma once
#include <sys/types.h>

#include <string>

#include "base/result.hpp"
#include "intake/dataset.hpp"

namespace mayfly::executor {

inline constexpr uid_t job_inside_id = 1000;  // uid and gid that the job sees

struct UserMapping {
  intake::JobIdentity identity = intake::JobIdentity::same_user;
  uid_t outside_uid = 0;
  gid_t outside_gid = 0;
};

Result<UserMapping> choose_user_mapping();

// `child` is the first process of a new user namespace, waiting.
Result<void> write_user_mapping(pid_t child, const UserMapping& mapping);

// In the child, mapped: becomes the job's user and keeps its capabilities (its namespace's only).
Result<void> become_job_user(const UserMapping& mapping);

std::string describe(const UserMapping& mapping);

}  // namespace mayfly::executor
