// SHA-256 of bytes that grow in place, computed beside their arrival: a thread of its own follows
// once there is enough to be worth one, so that copying and hashing use two cores.
//
// Shapes    update(all) always gets everything so far, at one address; nothing is copied.
// Errors    None. Where no thread can be made, finish() hashes what is left.
// Threads   One owner; the bytes must stay until finish() or destruction, which join the thread.
#pragma once
#include <cstdint>
#include <memory>

#include "base/bytes.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::intake {

inline constexpr std::size_t hash_thread_from_bytes = std::size_t{4} * 1024 * 1024;

class StreamHash {
 public:
  StreamHash();
  StreamHash(StreamHash&&) noexcept;
  StreamHash& operator=(StreamHash&&) noexcept;
  ~StreamHash();

  void update(ByteView all);
  // The hasher, fed with all of it.
  crypto::Sha256Hasher finish(ByteView all) &&;

 private:
  struct Follower;
  void hash_up_to(ByteView all);

  crypto::Sha256Hasher hasher_;
  std::size_t hashed_ = 0;
  std::unique_ptr<Follower> follower_;
};

}  // namespace mayfly::intake
