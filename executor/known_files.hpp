// The names by which a job knows files that have none in the kernel: those of the dataset, which
// are memory.
//
// Threads   Plain values.
#pragma once
#include <sys/types.h>

#include <map>
#include <string>
#include <utility>

namespace mayfly::executor {

using KnownFiles = std::map<std::pair<dev_t, ino_t>, std::string>;

}  // namespace mayfly::executor
