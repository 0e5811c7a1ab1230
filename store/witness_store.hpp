// What a witness has cosigned: for each log the newest checkpoint, durable before it is answered.
//
// Shapes    One file a log below a folder, named by the SHA-256 of its origin. One process at a
//           time.
// Errors    unavailable: the file system, or another process is this witness.  malformed: a file
//           that is no checkpoint.
// Threads   One thread.
#pragma once
#include <filesystem>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "transparency/checkpoint.hpp"
#include "transparency/witness.hpp"

namespace mayfly::store {

class WitnessStore {
 public:
  static Result<WitnessStore> open(const std::filesystem::path& folder);

  // nullopt: nothing of this log was cosigned yet.
  Result<std::optional<transparency::WitnessedTree>> seen(std::string_view origin) const;
  Result<void> record(const transparency::SignedCheckpoint& checkpoint);

 private:
  WitnessStore(std::filesystem::path folder, UniqueFd lock)
      : folder_(std::move(folder)), lock_(std::move(lock)) {}
  std::filesystem::path file_of(std::string_view origin) const;

  std::filesystem::path folder_;
  UniqueFd lock_;
};

}  // namespace mayfly::store
