// `mayfly certificates timestamp`, which is of that verb and has a file of its own.
#pragma once
#include "cli/command.hpp"

namespace mayfly::cli {

void add_timestamp(Verb certificates, Action& chosen);

}  // namespace mayfly::cli
