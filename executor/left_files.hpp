// What a job left in its working directory, taken over once no process of it is alive: for a stage
// that comes after it.
//
// Shapes    Regular files with the names a ScriptFile may have, sorted by name; directories only as
//           parts of names; links, pipes and sockets are not followed and not taken. Empty folders
//           are lost. Together at most scripts_max files and script_bytes_max bytes, whatever holes
//           are in them.
// Errors    limit: more than that.  malformed: a name that no script can have.  unavailable: a file
//           that its own user cannot read.  All three are the job's doing.
// Threads   Pure, but for reading below `folder`.
#pragma once
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "executor/sandbox.hpp"

namespace mayfly::executor {

Result<std::vector<ScriptFile>> take_left_files(const UniqueFd& folder);

}  // namespace mayfly::executor
