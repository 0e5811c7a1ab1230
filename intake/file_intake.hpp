// Bytes in, sealed file out. Used by every source: file, stdin, HTTP body, base64 siphon.
//
// Shapes    Hashed while it is copied. The only memory used is the dataset's own: a source that can
//           (read(2), a decoder) writes straight into room().
// Errors    limit (dataset_bytes_max), malformed (the name), unavailable (no memory).
// Threads   One intake, one thread. Large content is hashed by a thread of its own.
#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "intake/limits.hpp"
#include "intake/memory_file.hpp"
#include "intake/sealed_file.hpp"
#include "intake/stream_hash.hpp"

namespace mayfly::intake {

class FileIntake {
 public:
  static Result<FileIntake> begin(std::string name, const IntakeLimits& limits,
                                  JobIdentity identity);
  // A file of a directory, of which `bytes_before` have been taken already.
  static Result<FileIntake> begin_next(std::string name, std::uint64_t bytes_before,
                                       const IntakeLimits& limits, JobIdentity identity);
  FileIntake(FileIntake&&) noexcept = default;
  FileIntake& operator=(FileIntake&& other) noexcept;
  ~FileIntake() = default;  // unsealed bytes are wiped

  Result<void> append(ByteView bytes);

  // The same without a copy: write at most `wanted` bytes into the span, then commit how many.
  Result<std::span<std::uint8_t>> room(std::size_t wanted) { return memory_.room(wanted); }
  Result<void> commit(std::size_t bytes);

  std::uint64_t size_bytes() const { return memory_.size_bytes(); }
  Result<SealedFile> seal() &&;

 private:
  FileIntake(std::string name, MemoryFile memory, std::uint64_t bytes_left,
             const IntakeLimits& limits, JobIdentity identity)
      : name_(std::move(name)),
        memory_(std::move(memory)),
        bytes_left_(bytes_left),
        limits_(limits),
        identity_(identity) {}

  std::string name_;
  MemoryFile memory_;
  StreamHash hash_;  // reads memory_, so it is destroyed first
  std::uint64_t bytes_left_;
  IntakeLimits limits_;
  JobIdentity identity_;
};

}  // namespace mayfly::intake
