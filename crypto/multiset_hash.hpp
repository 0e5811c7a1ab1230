// One hash over things in any order, each as often as it came, in memory that does not grow with
// their number.
//
// Source    MuHash3072 (Bellare and Micciancio 1997; as Bitcoin Core defines it): the product
//           modulo 2^3072 - 1103717 of a number for each element, 384 bytes of ChaCha20 under
//           SHA-256 of the element, little-endian; the hash is SHA-256 of the product's 384 bytes.
// Errors    None: as for sha2.hpp, a broken libcrypto aborts.
// Threads   One hash, one thread.
#pragma once
#include <cstdint>
#include <memory>

#include "base/bytes.hpp"
#include "crypto/sha2.hpp"

struct bignum_st;

namespace mayfly::crypto {

class MultisetHash {
 public:
  MultisetHash();

  // `times` is at least 1.
  void add(ByteView element, std::uint64_t times = 1);
  Sha256 digest() const;

 private:
  struct Free {
    void operator()(bignum_st* number) const noexcept;
  };
  std::unique_ptr<bignum_st, Free> product_;
};

}  // namespace mayfly::crypto
