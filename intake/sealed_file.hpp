// One file of a dataset in sealed memory, with its digest. Move-only; destroying it wipes it.
//
// Threads   view() may be read from any thread while the file lives.
#pragma once
#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "base/unique_fd.hpp"
#include "crypto/sha2.hpp"
#include "intake/memory_file.hpp"

namespace mayfly::intake {

class SealedFile {
 public:
  // Relative path, '/' between parts, no "..", "." or empty part.
  const std::string& name() const { return name_; }
  // The form of a dataset may be known only after its bytes. Precondition: check_file_name(name).
  void rename(std::string name) { name_ = std::move(name); }
  std::uint64_t size_bytes() const { return memory_.size_bytes(); }
  const crypto::Sha256& digest() const { return digest_; }  // SHA-256 of the bytes
  // To hand to the runner (SCM_RIGHTS). Opened read-only, so it can neither write nor truncate.
  const UniqueFd& fd() const { return memory_.read_only_fd(); }
  ByteView view() const { return memory_.view(); }  // our mapping

 private:
  friend class FileIntake;
  friend class Dataset;
  SealedFile(std::string name, MemoryFile memory, const crypto::Sha256& digest,
             const crypto::Sha256& disclosure_key)
      : name_(std::move(name)),
        memory_(std::move(memory)),
        digest_(digest),
        disclosure_key_(disclosure_key) {}

  std::string name_;
  MemoryFile memory_;
  crypto::Sha256 digest_;
  crypto::Sha256 disclosure_key_;
};

}  // namespace mayfly::intake
