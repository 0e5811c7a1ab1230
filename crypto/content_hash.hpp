// One hash for a named set of byte strings: a dataset of many files, a job's scripts, the
// executables a job ran. Anyone can recompute it from `sha256sum` and sizes.
//
// Source    SHA-256 over the text: `label`, newline, then one line per entry in bytewise order of
//           the name: "<sha256 hex> <size> <length of name> <name>\n". The length makes names with
//           newlines or spaces unambiguous; the label keeps kinds of set apart.
// Errors    malformed: two entries with one name.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/sha2.hpp"

namespace mayfly::crypto {

struct ContentEntry {
  std::string name;
  std::uint64_t size_bytes = 0;
  Sha256 digest;
  auto operator<=>(const ContentEntry&) const = default;
};

Result<Sha256> content_hash(std::string_view label, std::vector<ContentEntry> entries);

// A dataset's hash. One file given by itself: the SHA-256 of its bytes, as `sha256sum` prints it.
// A directory: content_hash over its regular files, names relative to it with '/' between parts.
inline constexpr std::string_view dataset_directory_label = "mayfly/dataset-directory/v1";

}  // namespace mayfly::crypto
