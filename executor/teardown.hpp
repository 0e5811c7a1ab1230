// Looks whether anything of a sandbox is left, instead of believing it.
//
// Shapes    Processes: what the run's control groups list; without groups, every process of the
//           machine whose pid namespace is the sandbox's ("pid:[4026532211]"). The sandbox's mounts
//           are gone with the last of them. And every mount of ours in our own mount namespace,
//           where none should ever have been.
// Errors    unavailable: /proc cannot be read.
// Threads   Pure, but for reading /proc.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "executor/sandbox.hpp"

namespace mayfly::executor {

// `members`: of the run's control groups, which none of its processes can leave. Absent: there are
// none, and every process of this machine is looked at.
Result<Teardown> look_for_remains(const std::string& pid_namespace,
                                  std::optional<std::int64_t> members);

}  // namespace mayfly::executor
