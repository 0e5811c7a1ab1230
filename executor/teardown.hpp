// Looks whether anything of a sandbox is left, instead of believing it.
//
// Shapes    Every process of the machine whose pid namespace is the sandbox's ("pid:[4026532211]");
// its
//           mounts are gone with the last of them. And every mount of ours in our own mount
//           namespace, where none should ever have been.
// Errors    unavailable: /proc cannot be read.
// Threads   Pure, but for reading /proc.
#pragma once
#include <string>

#include "base/result.hpp"
#include "executor/sandbox.hpp"

namespace mayfly::executor {

Result<Teardown> look_for_remains(const std::string& pid_namespace);

}  // namespace mayfly::executor
