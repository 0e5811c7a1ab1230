// Some leaves shown, the others withheld: the same root, and no other reading.
#include "transparency/partial_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mayfly::transparency {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<Sha256> some_leaves(std::uint64_t size) {
  std::vector<Sha256> leaves;
  for (std::uint64_t i = 0; i < size; ++i) leaves.push_back(leaf_hash(bytes_of(std::to_string(i))));
  return leaves;
}

struct Shown {
  std::vector<ShownLeaf> leaves;
  std::vector<Sha256> hashes;
};

// Of the bits of `mask`: shown.
Shown show(const std::vector<Sha256>& leaves, std::uint64_t mask) {
  Shown shown;
  std::vector<std::uint64_t> indices;
  for (std::uint64_t i = 0; i < leaves.size(); ++i) {
    if ((mask >> i & 1) == 0) continue;
    indices.push_back(i);
    shown.leaves.push_back({i, leaves[i]});
  }
  const std::vector<LeafRange> ranges = withheld_subtrees(indices, leaves.size()).value();
  for (const LeafRange& range : ranges) {
    shown.hashes.push_back(
        tree_root(std::span(leaves).subspan(range.begin, range.end - range.begin)));
  }
  return shown;
}

// Every choice of leaves, of every tree up to nine, gives the tree's own root.
TEST(PartialTree, GivesTheRootWhateverIsShown) {
  for (std::uint64_t size = 0; size <= 9; ++size) {
    const auto leaves = some_leaves(size);
    for (std::uint64_t mask = 0; mask < std::uint64_t{1} << size; ++mask) {
      const Shown shown = show(leaves, mask);
      const auto root = partial_root(shown.leaves, shown.hashes, size);
      ASSERT_TRUE(root) << root.error().message();
      ASSERT_EQ(*root, tree_root(leaves)) << size << " leaves, shown " << mask;
    }
  }
}

TEST(PartialTree, WithholdsTheLargestSubtrees) {
  const std::vector<std::uint64_t> shown = {2, 3, 9};
  EXPECT_THAT(withheld_subtrees(shown, 12).value(),
              ElementsAre(LeafRange{0, 2}, LeafRange{4, 8}, LeafRange{8, 9}, LeafRange{10, 12}));
  EXPECT_THAT(withheld_subtrees({}, 5).value(), ElementsAre(LeafRange{0, 5}));
  EXPECT_THAT(withheld_subtrees({}, 0).value(), IsEmpty());
}

TEST(PartialTree, FindsEveryChange) {
  const auto leaves = some_leaves(9);
  const Sha256 root = tree_root(leaves);
  const Shown good = show(leaves, 0b110010010);
  const auto gives_root = [&](const Shown& one, std::uint64_t size = 9) {
    const auto found = partial_root(one.leaves, one.hashes, size);
    return found && *found == root;
  };
  EXPECT_TRUE(gives_root(good));
  for (std::size_t i = 0; i < good.leaves.size(); ++i) {
    Shown altered = good;
    altered.leaves[i].leaf.bytes[7] ^= 1;
    EXPECT_FALSE(gives_root(altered));
    Shown moved = good;
    moved.leaves[i].index += 1;
    EXPECT_FALSE(gives_root(moved));
    Shown left_out = good;
    left_out.leaves.erase(left_out.leaves.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(gives_root(left_out));
    Shown twice = good;
    twice.leaves.insert(twice.leaves.begin() + static_cast<std::ptrdiff_t>(i), good.leaves[i]);
    EXPECT_FALSE(gives_root(twice));
  }
  Shown more = good;
  more.hashes.push_back(Sha256());
  EXPECT_FALSE(gives_root(more));
  more.hashes.resize(good.hashes.size() - 1);
  EXPECT_FALSE(gives_root(more));
  EXPECT_FALSE(gives_root(good, 10));
  EXPECT_FALSE(gives_root(good, 8));
}

// The largest tree a statement can name is walked along one leaf, not through.
TEST(PartialTree, IsFastForAnySize) {
  const std::uint64_t size = (std::uint64_t{1} << 53) - 1;
  const std::vector<std::uint64_t> shown = {12'345};
  EXPECT_EQ(withheld_subtrees(shown, size)->size(), 53U);
}

}  // namespace
}  // namespace mayfly::transparency
