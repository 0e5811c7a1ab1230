// SHA-256 of files that were executed or opened, each hashed once.
//
// Shapes    A file of the image lies on a read-only mount: the job cannot change it, so its bytes
//           are hashed while the job already runs, between other work, and finish() checks that
//           the file is still the one it was (size, mtime, ctime). A file that the job could
//           write is hashed at once, before the program's first instruction, and never remembered:
//           two versions of it can have the same size and times. What the client remembers of the
//           image is believed for a file that is the very same (see digest_table.hpp).
// Errors    unavailable: it cannot be read.  internal: it changed while it was hashed.
// Threads   One run, one thread.
#pragma once
#include <sys/stat.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "crypto/sha2.hpp"
#include "executor/digest_table.hpp"

namespace mayfly::executor {

class ProgramDigests {
 public:
  using Slot = std::size_t;

  // `remembered`: of earlier runs, by whoever asked for this one.
  explicit ProgramDigests(DigestTable remembered) : remembered_(std::move(remembered)) {}

  // `file` is open for reading, `status` is its fstat.
  Result<Slot> add(UniqueFd file, const struct stat& status);

  // Of a file that the job cannot write and that was added before.
  std::optional<Slot> find(const struct stat& status) const;

  bool work_left() const { return !queue_.empty(); }
  std::size_t waiting() const { return queue_.size(); }
  Result<void> work();    // one slice, well under a millisecond
  Result<void> finish();  // all of it

  bool is_known(Slot slot) const;
  // Precondition: it is known.
  const crypto::Sha256& digest(Slot slot) const { return digests_[slot]; }

 private:
  struct Unhashed {
    UniqueFd file;
    FileIdentity identity;
    Slot slot;
    crypto::Sha256Hasher hasher;
  };
  // Hashes up to `bytes_max` more; true at the end of the file.
  static Result<bool> hash_some(Unhashed& unhashed, std::size_t bytes_max);
  static Result<void> check_unchanged(const Unhashed& unhashed);

  DigestTable remembered_;
  std::map<FileIdentity, Slot> known_;
  std::vector<crypto::Sha256> digests_;
  std::deque<Unhashed> queue_;
};

}  // namespace mayfly::executor
