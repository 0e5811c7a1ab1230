#include "transparency/merkle.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <string>

namespace mayfly::transparency {
namespace {

constexpr std::uint8_t leaf_prefix = 0x00;
constexpr std::uint8_t node_prefix = 0x01;

// The widest full subtree strictly inside a tree of `size` leaves, size >= 2 (RFC 6962: k).
std::uint64_t split_point(std::uint64_t size) {
  return std::bit_floor(size - 1);
}

Result<void> check_proof_length(std::size_t hashes, std::size_t wanted) {
  if (hashes > proof_hashes_max) {
    return fail(ErrorCode::limit, "the proof has " + std::to_string(hashes) +
                                      " hashes; no tree needs more than " +
                                      std::to_string(proof_hashes_max));
  }
  if (hashes != wanted) {
    return fail(ErrorCode::malformed, "the proof has " + std::to_string(hashes) +
                                          " hashes, these tree sizes need exactly " +
                                          std::to_string(wanted));
  }
  return {};
}

// RFC 6962 2.1.2, without recursion: at each level the leaf is left or right of the split.
Proof audit_path(std::span<const Sha256> leaves, std::uint64_t index) {
  Proof path;
  while (leaves.size() > 1) {
    const std::uint64_t split = split_point(leaves.size());
    if (index < split) {
      path.push_back(tree_root(leaves.subspan(split)));
      leaves = leaves.first(split);
    } else {
      path.push_back(tree_root(leaves.first(split)));
      leaves = leaves.subspan(split);
      index -= split;
    }
  }
  std::ranges::reverse(path);
  return path;
}

// How a proof for the last leaf of the first `size1` of `size2` leaves climbs: `inner` levels where
// the path still has something to its right, then `border` levels along the right edge.
struct Climb {
  std::size_t inner = 0;
  std::size_t border = 0;
};
Climb climb_of(std::uint64_t index, std::uint64_t size) {
  const auto inner = static_cast<std::size_t>(std::bit_width(index ^ (size - 1)));
  const std::uint64_t above = inner < 64 ? index >> inner : 0;
  return {inner, static_cast<std::size_t>(std::popcount(above))};
}

}  // namespace

Sha256 leaf_hash(ByteView data) {
  crypto::Sha256Hasher hasher;
  hasher.update(std::span(&leaf_prefix, 1));
  hasher.update(data);
  return std::move(hasher).finish();
}

Sha256 node_hash(const Sha256& left, const Sha256& right) {
  std::array<std::uint8_t, 1 + 2 * sizeof left.bytes> both{node_prefix};
  std::ranges::copy(left.bytes, both.begin() + 1);
  std::ranges::copy(right.bytes, both.begin() + 1 + sizeof left.bytes);
  return crypto::sha256(both);
}

Result<Sha256> hash_from_bytes(ByteView bytes) {
  Sha256 hash;
  if (bytes.size() != hash.bytes.size()) {
    return fail(ErrorCode::malformed,
                "a hash in this tree has 32 bytes, this one has " + std::to_string(bytes.size()));
  }
  std::ranges::copy(bytes, hash.bytes.begin());
  return hash;
}

void RootBuilder::append(const Sha256& leaf) {
  // Adding one to a binary number: each carry joins two subtrees of equal size.
  Sha256 joined = leaf;
  for (std::uint64_t carry = size_; (carry & 1) != 0; carry >>= 1) {
    joined = node_hash(peaks_.back(), joined);
    peaks_.pop_back();
  }
  peaks_.push_back(joined);
  ++size_;
}

Sha256 RootBuilder::root() const {
  if (peaks_.empty()) {
    return crypto::sha256({});
  }
  Sha256 root = peaks_.back();
  for (std::size_t i = peaks_.size() - 1; i-- > 0;) {
    root = node_hash(peaks_[i], root);
  }
  return root;
}

Sha256 tree_root(std::span<const Sha256> leaves) {
  RootBuilder builder;
  for (const Sha256& leaf : leaves) {
    builder.append(leaf);
  }
  return builder.root();
}

Result<Proof> make_inclusion_proof(std::span<const Sha256> leaves, std::uint64_t index) {
  if (index >= leaves.size()) {
    return fail(ErrorCode::malformed, "there is no entry " + std::to_string(index) +
                                          " in a tree of " + std::to_string(leaves.size()));
  }
  return audit_path(leaves, index);
}

Result<Proof> make_consistency_proof(std::span<const Sha256> leaves, std::uint64_t size1) {
  if (size1 == 0 || size1 > leaves.size()) {
    return fail(ErrorCode::malformed, "a tree of " + std::to_string(size1) +
                                          " entries cannot be shown to be a prefix of one of " +
                                          std::to_string(leaves.size()));
  }
  // RFC 6962 2.1.2 SUBPROOF, without recursion. `whole` is its flag b: the subtree is still the
  // verifier's own first tree, whose root need not be sent.
  Proof proof;
  bool whole = true;
  std::uint64_t size = size1;
  while (size < leaves.size()) {
    const std::uint64_t split = split_point(leaves.size());
    if (size <= split) {
      proof.push_back(tree_root(leaves.subspan(split)));
      leaves = leaves.first(split);
    } else {
      proof.push_back(tree_root(leaves.first(split)));
      leaves = leaves.subspan(split);
      size -= split;
      whole = false;
    }
  }
  if (!whole) {
    proof.push_back(tree_root(leaves));
  }
  std::ranges::reverse(proof);
  return proof;
}

Result<void> verify_inclusion(const Inclusion& claim, std::span<const Sha256> proof) {
  if (claim.index >= claim.size) {
    return fail(ErrorCode::malformed, "there is no entry " + std::to_string(claim.index) +
                                          " in a tree of " + std::to_string(claim.size));
  }
  const Climb climb = climb_of(claim.index, claim.size);
  CHECK_OK(check_proof_length(proof.size(), climb.inner + climb.border));
  Sha256 hash = claim.leaf;
  for (std::size_t level = 0; level < proof.size(); ++level) {
    const bool is_right = level >= climb.inner || ((claim.index >> level) & 1) != 0;
    hash = is_right ? node_hash(proof[level], hash) : node_hash(hash, proof[level]);
  }
  if (hash != claim.root) {
    return fail(ErrorCode::rejected, "the inclusion proof leads to another root");
  }
  return {};
}

Result<void> verify_consistency(const Consistency& claim, std::span<const Sha256> proof) {
  if (claim.size1 == 0) {
    return fail(ErrorCode::malformed,
                "an empty tree is a prefix of every tree: a proof from size 0 shows nothing");
  }
  if (claim.size1 > claim.size2) {
    return fail(ErrorCode::malformed, "a tree of " + std::to_string(claim.size1) +
                                          " entries is no prefix of one of " +
                                          std::to_string(claim.size2));
  }
  if (claim.size1 == claim.size2) {
    CHECK_OK(check_proof_length(proof.size(), 0));
    if (claim.root1 != claim.root2) {
      return fail(ErrorCode::rejected, "two trees of one size have different roots");
    }
    return {};
  }
  // RFC 9162 2.1.4.2. Both roots are rebuilt from one starting subtree: the largest full one that
  // ends where the first tree ends. When that is the whole first tree, its root is not sent.
  Climb climb = climb_of(claim.size1 - 1, claim.size2);
  const auto shared = static_cast<std::size_t>(std::countr_zero(claim.size1));
  climb.inner -= shared;
  const bool starts_with_root1 = std::has_single_bit(claim.size1);
  const std::size_t start = starts_with_root1 ? 0 : 1;
  CHECK_OK(check_proof_length(proof.size(), start + climb.inner + climb.border));

  Sha256 hash1 = starts_with_root1 ? claim.root1 : proof[0];
  Sha256 hash2 = hash1;
  const std::uint64_t position = (claim.size1 - 1) >> shared;
  for (std::size_t level = 0; level < climb.inner + climb.border; ++level) {
    const Sha256& sibling = proof[start + level];
    if (level >= climb.inner || ((position >> level) & 1) != 0) {
      hash1 = node_hash(sibling, hash1);
      hash2 = node_hash(sibling, hash2);
    } else {
      hash2 = node_hash(hash2, sibling);
    }
  }
  if (hash1 != claim.root1) {
    return fail(ErrorCode::rejected, "the consistency proof leads to another first root");
  }
  if (hash2 != claim.root2) {
    return fail(ErrorCode::rejected, "the consistency proof leads to another second root");
  }
  return {};
}

}  // namespace mayfly::transparency
