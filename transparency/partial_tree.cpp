#include "transparency/partial_tree.hpp"

#include <bit>
#include <string>

namespace mayfly::transparency {
namespace {

// Walks the tree from left to right: into every subtree that has a shown leaf, to one leaf each.
// `Visit` makes a node of: a withheld subtree, a shown leaf, two nodes. At most 64 levels deep.
template <class Visit>
class Walk {
 public:
  Walk(std::span<const std::uint64_t> shown, Visit& visit) : shown_(shown), visit_(visit) {}

  auto node(LeafRange range) -> decltype(std::declval<Visit&>().withheld(range)) {
    if (next_ == shown_.size() || shown_[next_] >= range.end) return visit_.withheld(range);
    if (range.end - range.begin == 1) return visit_.shown(next_++);
    const std::uint64_t split = range.begin + std::bit_floor(range.end - range.begin - 1);
    const auto left = node({range.begin, split});
    const auto right = node({split, range.end});
    return visit_.join(left, right);
  }

 private:
  std::span<const std::uint64_t> shown_;
  Visit& visit_;
  std::size_t next_ = 0;
};

Result<void> check_indices(std::span<const std::uint64_t> shown, std::uint64_t size) {
  for (std::size_t i = 0; i < shown.size(); ++i) {
    if (shown[i] >= size) {
      return fail(ErrorCode::malformed, "there is no entry " + std::to_string(shown[i]) +
                                            " in a tree of " + std::to_string(size));
    }
    if (i > 0 && shown[i] <= shown[i - 1]) {
      return fail(ErrorCode::malformed,
                  "entry " + std::to_string(shown[i]) + " is shown twice, or after a later one");
    }
  }
  return {};
}

struct Ranges {
  std::vector<LeafRange> found;
  bool withheld(LeafRange range) {
    found.push_back(range);
    return true;
  }
  static bool shown(std::size_t /*position*/) { return true; }
  static bool join(bool left, bool right) { return left && right; }
};

struct Hashes {
  std::span<const ShownLeaf> leaves;
  std::span<const Sha256> hashes;
  std::size_t next = 0;  // past the end: there are too few
  Sha256 withheld(LeafRange /*range*/) {
    const std::size_t at = next++;
    return at < hashes.size() ? hashes[at] : Sha256();
  }
  Sha256 shown(std::size_t position) const { return leaves[position].leaf; }
  static Sha256 join(const Sha256& left, const Sha256& right) { return node_hash(left, right); }
};

}  // namespace

Result<std::vector<LeafRange>> withheld_subtrees(std::span<const std::uint64_t> shown,
                                                 std::uint64_t size) {
  CHECK_OK(check_indices(shown, size));
  Ranges ranges;
  if (size > 0) Walk(shown, ranges).node({0, size});
  return std::move(ranges.found);
}

Result<Sha256> partial_root(std::span<const ShownLeaf> shown, std::span<const Sha256> withheld,
                            std::uint64_t size) {
  std::vector<std::uint64_t> indices;
  indices.reserve(shown.size());
  for (const ShownLeaf& leaf : shown) indices.push_back(leaf.index);
  CHECK_OK(check_indices(indices, size));
  Hashes hashes{shown, withheld};
  const Sha256 root = size > 0
                          ? Walk(std::span<const std::uint64_t>(indices), hashes).node({0, size})
                          : crypto::sha256({});
  if (hashes.next != withheld.size()) {
    return fail(ErrorCode::malformed,
                std::to_string(withheld.size()) +
                    " hashes stand for what is withheld, these entries need " +
                    std::to_string(hashes.next));
  }
  return root;
}

}  // namespace mayfly::transparency
