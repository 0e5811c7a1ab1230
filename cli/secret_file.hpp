// A key or a token from a file, straight into locked memory.
//
// Shapes    One word of printable ASCII; a new line after it does not count.
// Errors    malformed: a file that others may read, or without such a word.  unavailable: no such
//           file, no lockable memory.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "crypto/locked_secret.hpp"

namespace mayfly::cli {

// `option` is who names the file, for the errors.
Result<crypto::LockedSecret> read_secret_file(std::string_view option, const std::string& path,
                                              std::size_t bytes_max);

}  // namespace mayfly::cli
