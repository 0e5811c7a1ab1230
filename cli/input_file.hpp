// Files that a command line names, looked at before anything is done with them.
//
// Errors    unavailable: missing or denied.  malformed: not the kind of file that is wanted.
//           limit: over bytes_max.
// Threads   Any.
#pragma once
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::cli {

// A regular file's bytes. A FIFO or a device is refused: it has no size, and might never end.
Result<Bytes> read_regular_file(const std::string& path, std::size_t bytes_max);

// Whether it is a regular file or a folder that may be read. Reads none of it.
Result<void> check_dataset(const std::string& path);

}  // namespace mayfly::cli
