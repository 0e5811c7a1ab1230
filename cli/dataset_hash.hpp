// A dataset's hash, recomputed by whoever holds the dataset, to compare with a certificate's.
//
// Source    crypto/content_hash.hpp: a file by itself is its SHA-256; a directory is content_hash
//           over its regular files.
// Shapes    "sha256:<hex>". Read once, through one buffer; "-" is standard input.
// Errors    unavailable: unreadable.  malformed: a device, or a link inside the directory, which no
//           dataset can hold.  limit: over dataset_files_max.
// Threads   Any.
#pragma once
#include <string>

#include "base/result.hpp"

namespace mayfly::cli {

inline constexpr std::size_t dataset_files_max = 4096;

Result<std::string> dataset_hash(const std::string& path);

}  // namespace mayfly::cli
