// A dataset that exists only in sealed memory: how it gets in, how it is shown to a job, how it is
// destroyed and shown to be gone.
//
// Shapes    One sealed memfd per file (mode 0444), kept mapped writable by us alone, so that it can
//           be zeroed after F_SEAL_FUTURE_WRITE. Hashed while it is copied; no memory is used
//           beside the dataset itself: sources read straight into it.
// Errors    limit (dataset_bytes_max, files_max: names the limit and how to raise it), unavailable
//           (unreadable path, no memory), malformed (a name that leaves the directory, an odd
//           file).
// Threads   One Dataset, one thread; different ones are independent.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "crypto/sha2.hpp"
#include "intake/file_intake.hpp"
#include "intake/limits.hpp"
#include "intake/sealed_file.hpp"
#include "intake/wipe.hpp"

namespace mayfly::intake {

class Dataset {
 public:
  // One file by itself (its hash is the file's SHA-256)...
  static Dataset of_file(SealedFile file);
  // ...or a directory's worth (its hash is crypto::content_hash under dataset_directory_label).
  static Result<Dataset> of_directory(std::vector<SealedFile> files);

  const std::vector<SealedFile>& files() const { return files_; }
  bool is_directory() const { return is_directory_; }
  const crypto::Sha256& hash() const { return hash_; }
  std::uint64_t size_bytes() const;

  // Known to whoever holds the dataset and to nobody who holds only its hash: it keys the hashes of
  // guessable things (tool arguments, paths), so that the same dataset gives the same hashes.
  // Per file SHA-256(bytes || "mayfly/disclosure-key/v1"); for a directory, SHA-256 over those in
  // name order.
  const crypto::Sha256& disclosure_key() const { return disclosure_key_; }

  // Zero, truncate, unmap, close, then look. Every path out of a run ends here (or in ~SealedFile).
  // Never fails for what is left behind: that is WipeReport::residue, and nothing may be certified
  // unless it is 0.
  Result<WipeReport> wipe() &&;

 private:
  Dataset() = default;
  std::vector<SealedFile> files_;
  bool is_directory_ = false;
  crypto::Sha256 hash_;
  crypto::Sha256 disclosure_key_;
};

// `path` is a regular file or a directory (regular files below it; links and devices are refused by
// name). `name` is what a single file is called inside the sandbox, "dataset.csv". A file that
// changes while it is read is no error: what was read is what is hashed. For a directory the
// process's soft RLIMIT_NOFILE is raised towards the hard one, two descriptors per file.
Result<Dataset> read_path(const std::filesystem::path& path, const std::string& name,
                          const IntakeLimits& limits, JobIdentity identity,
                          const Progress& progress);
// Until end of file: stdin, a pipe, a socket.
Result<Dataset> read_stream(const UniqueFd& fd, const std::string& name, const IntakeLimits& limits,
                            JobIdentity identity, const Progress& progress);

}  // namespace mayfly::intake
