// A memfd with the one writable mapping that can still zero it once it is sealed.
//
// Source    memfd_create(2), fcntl(2) F_ADD_SEALS; docs/architecture.md "Where plaintext may be".
// Shapes    Bytes are written through the mapping only, so no second copy and no buffer exists. The
//           mapping spans the bound from the start (address space, not memory), so it never moves.
//           Excluded from core dumps and from forked children.
// Errors    unavailable: no memory, no descriptors (named with the fix). internal: a seal that did
//           not take.
// Threads   One object, one thread; bytes below size_bytes() may be read from any.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "intake/limits.hpp"

namespace mayfly::intake {

// Names a memfd in /proc/self/maps and /proc/self/fd, after it is gone too.
struct InodeId {
  dev_t device = 0;
  ino_t inode = 0;
  auto operator<=>(const InodeId&) const = default;
};

// What erase() did and saw.
struct Erasure {
  InodeId inode;
  std::uint64_t bytes_zeroed = 0;
  std::uint64_t nonzero_bytes = 0;  // read back after zeroing
  std::uint64_t failed_steps = 0;   // a truncate or unmap that the kernel refused
  bool truncated = false;           // false: sealed against it
};

class MemoryFile {
 public:
  static Result<MemoryFile> create(std::uint64_t bytes_max);
  MemoryFile(MemoryFile&& other) noexcept;
  MemoryFile& operator=(MemoryFile&& other) noexcept;
  ~MemoryFile() { erase(); }

  // Memory to write next: `wanted` bytes, fewer only at bytes_max + 1, so that a caller sees that
  // there was one byte too many. Valid until the next call.
  Result<std::span<std::uint8_t>> room(std::size_t wanted);
  void commit(std::size_t bytes) { size_ += bytes; }  // of what room() gave

  // No growing, no new writer, no further seal; for same_user no shrinking either. Mode 0444.
  Result<void> seal(JobIdentity identity);

  std::uint64_t size_bytes() const { return size_; }
  ByteView view() const { return {mapping_, static_cast<std::size_t>(size_)}; }
  const UniqueFd& read_only_fd() const { return read_only_; }  // once sealed

  // Zero, read back, truncate, unmap, close. Does nothing the second time.
  Erasure erase() noexcept;

 private:
  MemoryFile() = default;
  Result<void> add_seals(JobIdentity identity);

  UniqueFd fd_;         // the only writable description: truncates when the file is wiped
  UniqueFd read_only_;  // what others get
  std::uint8_t* mapping_ = nullptr;
  std::size_t mapped_ = 0;     // address space
  std::size_t populated_ = 0;  // of which is memory; equals the file's size
  std::uint64_t size_ = 0;     // of which is data
  std::uint64_t bytes_max_ = 0;
  bool shrink_sealed_ = false;
};

}  // namespace mayfly::intake
