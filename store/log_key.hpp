// The key file of a log or a witness: made on first use, for its owner's eyes only.
//
// Shapes    One line, a private note key (transparency/note_signer.hpp). Mode 0600; a file that
//           others may read or write is refused.
// Errors    unavailable: the file system.  rejected: readable by others.  malformed: another text.
// Threads   Several processes may make one key file at once: all then read the same key.
#pragma once
#include <filesystem>
#include <string_view>

#include "base/result.hpp"
#include "transparency/note_signer.hpp"

namespace mayfly::store {

// Makes it under `name` if it is missing; an empty `name` means a random one below
// "mayfly.invalid/", which nobody can mistake for an address.
Result<transparency::NoteSigner> open_key_file(const std::filesystem::path& file,
                                               std::string_view name, transparency::KeyType type);

}  // namespace mayfly::store
