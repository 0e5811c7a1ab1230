// Where certificates are kept between runs, and where the programs that belong together are.
#pragma once
#include <filesystem>

#include "base/result.hpp"

namespace mayfly::cli {

// $MAYFLY_STATE, else $XDG_STATE_HOME/mayfly, else $HOME/.local/state/mayfly.
// unavailable: none of them is set.
Result<std::filesystem::path> state_folder();

// $MAYFLY_RUNNER, else `mayfly-runner` beside the running program.
Result<std::filesystem::path> runner_program();

Result<std::filesystem::path> own_program();

}  // namespace mayfly::cli
