// SHA-256 of files of the image, remembered from run to run by the client and
// shown to each run.
//
// Shapes    A file is known by what the kernel says of it: device, inode, size, and the times of
//           its last change of content and of anything, in nanoseconds. Who writes a file changes
//           the last one. A table is sealed memory: rows in order, found by halving.
// Errors    malformed: memory that is not such a table.
// Threads   A table is a value that does not change. It lies in memory that forked processes share.
#pragma once
#include <sys/stat.h>

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::executor {

struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size_bytes = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;
  auto operator<=>(const FileIdentity&) const = default;
};
FileIdentity identity_of(const struct stat& status);

inline constexpr std::size_t digest_table_rows_max = 65'536;

class DigestTable {
 public:
  DigestTable() = default;  // knows nothing
  // Refuses memory that could still be changed.
  static Result<DigestTable> map(const UniqueFd& memory);

  std::optional<crypto::Sha256> find(const FileIdentity& file) const;

 private:
  struct Row {
    FileIdentity file;
    crypto::Sha256 digest;
  };
  friend Result<UniqueFd> make_digest_table(const std::map<FileIdentity, crypto::Sha256>&);
  std::shared_ptr<const void> mapping_;
  std::span<const Row> rows_;
};

// The memory of a table, for DigestTable::map(). limit: over
// digest_table_rows_max.
Result<UniqueFd> make_digest_table(const std::map<FileIdentity, crypto::Sha256>& digests);

}  // namespace mayfly::executor
