// `mayfly certificates timestamp`, which is of that verb and has a file of its own.
#pragma once
#include "cli/command.hpp"

namespace mayfly::cli {

void add_timestamp(CLI::App& certificates, Action& chosen);

}  // namespace mayfly::cli
