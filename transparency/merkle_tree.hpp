// A whole tree in memory: appends, roots and proofs at any size it ever had, and its tiles' rows.
//
// Source    RFC 6962, section 2.1.
// Shapes    About 64 bytes of memory for each entry.
// Errors    malformed: a size or index that the tree does not have.
// Threads   One writer, or any number of readers.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "transparency/merkle.hpp"

namespace mayfly::transparency {

class MerkleTree {
 public:
  void append(const Sha256& leaf);
  std::uint64_t size() const { return levels_.empty() ? 0 : levels_[0].size(); }
  Sha256 root() const;

  Result<Sha256> root_at(std::uint64_t size) const;
  Result<Proof> inclusion(std::uint64_t index, std::uint64_t size) const;
  Result<Proof> consistency(std::uint64_t size1, std::uint64_t size2) const;

  // Hashes of full subtrees of 2^level leaves, from the `begin`-th on. Empty past the end.
  std::span<const Sha256> row(unsigned level, std::uint64_t begin, std::size_t count) const;
  // Forgets every entry from `size` on.
  void truncate(std::uint64_t size);

 private:
  Sha256 range_root(std::uint64_t begin, std::uint64_t end) const;

  std::vector<std::vector<Sha256>> levels_;  // [k][i]: subtree over leaves i*2^k ... (i+1)*2^k
};

}  // namespace mayfly::transparency
