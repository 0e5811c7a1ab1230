// Which command a set of scripts means when the request names none.
//
// Shapes    {"main.py": ...} -> ["python3", "main.py"]. Among several scripts "main.*" wins, else
//           the only one; anything else is ambiguous.
// Errors    malformed: no script, an ambiguous set, an extension without an interpreter (lists the
//           known ones).
// Threads   Pure function.
#pragma once
#include <string>
#include <vector>

#include "base/result.hpp"
#include "executor/sandbox.hpp"

namespace mayfly::pipeline {

Result<std::vector<std::string>> entry_command(const std::vector<executor::ScriptFile>& scripts);

}  // namespace mayfly::pipeline
