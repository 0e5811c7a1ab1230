// A small file of secrets, straight into locked memory.
//
// Errors    malformed: not a regular file, or one that others may read or write.  limit: more than
//           asked for.  unavailable: no such file, no lockable memory. Each names the file.
// Threads   Any.
#pragma once
#include <cstddef>
#include <string>

#include "base/result.hpp"
#include "crypto/locked_secret.hpp"

namespace mayfly::crypto {

// Precondition: bytes_max < secret_bytes_max.
Result<LockedSecret> read_locked_file(const std::string& path, std::size_t bytes_max);

}  // namespace mayfly::crypto
