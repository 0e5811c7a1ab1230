// A place to write to, looked at before there is anything to write: what would make the write fail
// is known before the work is done.
//
// Shapes    A regular file, or none yet: replaced whole and durably (a file without a name, fsync,
//           link or rename, fsync of the folder; where a file system cannot, a temporary name
//           beside it), mode 0644 & ~umask; a symbolic link's target, not
//           the link. A FIFO, a character device or a descriptor of this process (/dev/stdout,
//           /dev/fd/3): written through, never replaced. Opening a FIFO waits for its reader.
// Errors    unavailable (missing, denied, full), malformed (a folder, a block device, a socket, a
//           link to nothing, a file mounted by itself: nothing that a file can be written to),
//           internal.
// Threads   One place, one thread.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace mayfly {

class GrowingFile;

class PendingFile {
 public:
  // Tries whether a file can be made there; leaves nothing behind.
  static Result<PendingFile> open(const std::filesystem::path& path);
  static Result<PendingFile> of_descriptor(int number);

  Result<void> write(ByteView bytes) &&;
  // For what comes in parts, and is too much to hold.
  Result<GrowingFile> begin() &&;

  // The descriptor of this process that the path named, if it did.
  std::optional<int> descriptor() const { return descriptor_; }
  bool is_same_place(const PendingFile& other) const;

 private:
  struct FileId {
    dev_t device;
    ino_t inode;
    bool operator==(const FileId&) const = default;
  };

  PendingFile() = default;
  static Result<PendingFile> of_device(const std::filesystem::path& path);
  static Result<PendingFile> of_regular(const std::filesystem::path& path, const UniqueFd& found);
  static Result<PendingFile> of_absent(const std::filesystem::path& path);

  std::filesystem::path target_;    // what is replaced; empty: written through
  UniqueFd through_;                // what is written through
  std::optional<FileId> existing_;  // of the file that is there already
  std::optional<int> descriptor_;
};

// A file in the making. Without finish() nothing of it is left, but what was written through.
class GrowingFile {
 public:
  GrowingFile(GrowingFile&& other) noexcept;
  GrowingFile& operator=(GrowingFile&&) = delete;
  ~GrowingFile();

  Result<void> append(ByteView bytes);
  Result<void> finish() &&;

 private:
  friend class PendingFile;
  GrowingFile() = default;
  Result<void> flush();

  std::filesystem::path target_;  // empty: written through
  UniqueFd fd_;
  std::string temporary_;  // its name, if it needs one
  Bytes buffer_;
};

}  // namespace mayfly
