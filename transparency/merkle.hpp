// The Merkle tree of transparency logs: roots, inclusion proofs, consistency proofs.
//
// Source    RFC 6962, section 2.1 (RFC 9162, section 2.1, for the verification algorithms).
// Shapes    A leaf hash is SHA-256(0x00 || data), a node SHA-256(0x01 || left || right), the root
//           of an empty tree SHA-256(""). Indices count from 0. A proof is the list of sibling
//           hashes, leaf side first, at most proof_hashes_max of them.
// Errors    malformed: a hash that is not 32 bytes, an index outside the tree, size1 = 0 or beyond
//           size2, a proof of another length than these sizes need.  limit: over proof_hashes_max.
//           rejected: well-formed, and it leads to another root.
// Threads   Pure functions; one RootBuilder, one thread.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::transparency {

using crypto::Sha256;
using Proof = std::vector<Sha256>;

// An inclusion proof needs one hash for each level of a tree of 2^64 leaves, a consistency proof
// one more.
inline constexpr std::size_t proof_hashes_max = 65;

Sha256 leaf_hash(ByteView data);
Sha256 node_hash(const Sha256& left, const Sha256& right);

// A hash as it arrives in a proof: exactly 32 bytes, or malformed.
Result<Sha256> hash_from_bytes(ByteView bytes);

// The root over leaves that come one by one, in memory that grows with log2 of their number.
class RootBuilder {
 public:
  void append(const Sha256& leaf);
  std::uint64_t size() const { return size_; }
  Sha256 root() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<Sha256> peaks_;  // one per set bit of size_: roots of full subtrees, widest first
};

Sha256 tree_root(std::span<const Sha256> leaves);

Result<Proof> make_inclusion_proof(std::span<const Sha256> leaves, std::uint64_t index);
// `size1` leaves are a prefix of all of `leaves`.
Result<Proof> make_consistency_proof(std::span<const Sha256> leaves, std::uint64_t size1);

struct Inclusion {  // "`leaf` is entry `index` of the tree of `size` entries with this root."
  std::uint64_t index = 0;
  std::uint64_t size = 0;
  Sha256 leaf;
  Sha256 root;
};
Result<void> verify_inclusion(const Inclusion& claim, std::span<const Sha256> proof);

struct Consistency {  // "The tree with root1 is a prefix of the tree with root2."
  std::uint64_t size1 = 0;
  std::uint64_t size2 = 0;
  Sha256 root1;
  Sha256 root2;
};
Result<void> verify_consistency(const Consistency& claim, std::span<const Sha256> proof);

}  // namespace mayfly::transparency
