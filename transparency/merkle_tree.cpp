#include "transparency/merkle_tree.hpp"

#include <algorithm>
#include <bit>
#include <string>

namespace mayfly::transparency {
namespace {

std::unexpected<Error> no_such_size(std::uint64_t wanted, std::uint64_t size) {
  return fail(ErrorCode::malformed, "the tree has " + std::to_string(size) +
                                        " entries, there is nothing about " +
                                        std::to_string(wanted));
}

}  // namespace

void MerkleTree::append(const Sha256& leaf) {
  Sha256 hash = leaf;
  for (std::size_t level = 0;; ++level) {
    if (level == levels_.size()) levels_.emplace_back();
    levels_[level].push_back(hash);
    const std::size_t count = levels_[level].size();
    if (count % 2 != 0) return;
    hash = node_hash(levels_[level][count - 2], levels_[level][count - 1]);
  }
}

void MerkleTree::truncate(std::uint64_t size) {
  for (std::size_t level = 0; level < levels_.size(); ++level) {
    levels_[level].resize(std::min<std::size_t>(levels_[level].size(), size >> level));
  }
}

std::span<const Sha256> MerkleTree::row(unsigned level, std::uint64_t begin,
                                        std::size_t count) const {
  if (level >= levels_.size() || begin >= levels_[level].size()) return {};
  const std::span<const Sha256> row(levels_[level]);
  return row.subspan(begin, std::min<std::size_t>(count, row.size() - begin));
}

// The root over a range that begins at a multiple of the widest full subtree inside it: what RFC
// 6962 calls MTH(D[begin:end]) for every range that its proofs name.
Sha256 MerkleTree::range_root(std::uint64_t begin, std::uint64_t end) const {
  std::vector<Sha256> peaks;
  while (begin < end) {
    const auto level = static_cast<unsigned>(std::bit_width(end - begin) - 1);
    peaks.push_back(levels_[level][begin >> level]);
    begin += std::uint64_t{1} << level;
  }
  if (peaks.empty()) return crypto::sha256({});
  Sha256 root = peaks.back();
  for (std::size_t i = peaks.size() - 1; i-- > 0;) {
    root = node_hash(peaks[i], root);
  }
  return root;
}

Sha256 MerkleTree::root() const {
  return range_root(0, size());
}

Result<Sha256> MerkleTree::root_at(std::uint64_t size) const {
  if (size > this->size()) return no_such_size(size, this->size());
  return range_root(0, size);
}

// RFC 6962 2.1.1, without recursion: at each level the leaf is left or right of the split.
Result<Proof> MerkleTree::inclusion(std::uint64_t index, std::uint64_t size) const {
  if (size > this->size()) return no_such_size(size, this->size());
  if (index >= size) return no_such_size(index, size);
  Proof path;
  std::uint64_t begin = 0;
  std::uint64_t end = size;
  while (end - begin > 1) {
    const std::uint64_t split = begin + std::bit_floor(end - begin - 1);
    if (index < split) {
      path.push_back(range_root(split, end));
      end = split;
    } else {
      path.push_back(range_root(begin, split));
      begin = split;
    }
  }
  std::ranges::reverse(path);
  return path;
}

Result<Proof> MerkleTree::consistency(std::uint64_t size1, std::uint64_t size2) const {
  if (size2 > this->size()) return no_such_size(size2, this->size());
  if (size1 == 0 || size1 > size2) {
    return fail(ErrorCode::malformed,
                "a consistency proof goes from a size of at least 1 to one "
                "that is no smaller");
  }
  Proof proof;
  std::uint64_t begin = 0;
  std::uint64_t end = size2;
  bool is_whole = true;  // RFC 6962's b: the verifier's own first tree need not be sent
  while (size1 != end) {
    const std::uint64_t split = begin + std::bit_floor(end - begin - 1);
    if (size1 <= split) {
      proof.push_back(range_root(split, end));
      end = split;
    } else {
      proof.push_back(range_root(begin, split));
      begin = split;
      is_whole = false;
    }
  }
  if (!is_whole) proof.push_back(range_root(begin, end));
  std::ranges::reverse(proof);
  return proof;
}

}  // namespace mayfly::transparency
