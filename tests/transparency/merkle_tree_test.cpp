#include "transparency/merkle_tree.hpp"

#include <gtest/gtest.h>

#include "tests/transparency/log_keys.hpp"
#include "transparency/tile.hpp"

namespace mayfly::transparency {
namespace {

// Goal: the tree that grows gives what the RFC's definition over all leaves gives, at every size.
TEST(MerkleTree, GivesTheRootsAndProofsOfTheDefinition) {
  constexpr std::uint64_t size_max = 33;
  const MerkleTree tree = test::tree_of(size_max);
  const auto all = tree.row(0, 0, size_max);
  for (std::uint64_t size = 0; size <= size_max; ++size) {
    const auto leaves = all.first(size);
    EXPECT_EQ(tree.root_at(size).value(), tree_root(leaves));
    for (std::uint64_t index = 0; index < size; ++index) {
      EXPECT_EQ(tree.inclusion(index, size).value(), make_inclusion_proof(leaves, index).value());
    }
    for (std::uint64_t first = 1; first <= size; ++first) {
      EXPECT_EQ(tree.consistency(first, size).value(),
                make_consistency_proof(leaves, first).value());
    }
  }
  EXPECT_EQ(tree.root(), tree_root(all));
}

TEST(MerkleTree, HasNothingPastItsEnds) {
  const MerkleTree tree = test::tree_of(3);
  EXPECT_FALSE(tree.root_at(4));
  EXPECT_FALSE(tree.inclusion(3, 3));
  EXPECT_FALSE(tree.inclusion(0, 4));
  EXPECT_FALSE(tree.inclusion(0, 0));
  EXPECT_FALSE(tree.consistency(0, 3));
  EXPECT_FALSE(tree.consistency(3, 2));
  EXPECT_FALSE(tree.consistency(1, 4));
}

TEST(MerkleTree, ForgetsWhatIsTruncated) {
  for (std::uint64_t size = 0; size <= 20; ++size) {
    MerkleTree tree = test::tree_of(20);
    tree.truncate(size);
    EXPECT_EQ(tree.size(), size);
    EXPECT_EQ(tree.root(), test::tree_of(size).root());
    tree.append(test::hash_of("next"));
    MerkleTree other = test::tree_of(size);
    other.append(test::hash_of("next"));
    EXPECT_EQ(tree.root(), other.root());
  }
}

TEST(Tile, PathsAreThoseOfTheSpecification) {
  EXPECT_EQ(tile_path({.level = 0, .index = 1'234'067}), "tile/0/x001/x234/067");
  EXPECT_EQ(tile_path({.level = 63, .index = 5, .width = 112}), "tile/63/005.p/112");
  EXPECT_EQ(tile_path({.level = std::nullopt, .index = 1000, .width = 1}),
            "tile/entries/x001/000.p/1");
  for (const std::uint64_t index : {0ULL, 999ULL, 1000ULL, 1'000'000ULL, 999'999'999'999ULL}) {
    for (const std::size_t width : {1U, 255U, 256U}) {
      const TileName name{.level = 2, .index = index, .width = width};
      EXPECT_EQ(parse_tile_path(tile_path(name)).value(), name);
    }
  }
}

TEST(Tile, RefusesEveryOtherPath) {
  for (const std::string_view bad : {"",
                                     "tile",
                                     "tile/",
                                     "tile/0",
                                     "tile/0/",
                                     "tile/0/1",
                                     "tile/0/01",
                                     "tile/0/0001",
                                     "tile/00/001",
                                     "tile/64/001",
                                     "tile/-1/001",
                                     "tile/0/x000/001",
                                     "tile/0/x001",
                                     "tile/0/001/002",
                                     "tile/0/001.p/0",
                                     "tile/0/001.p/256",
                                     "tile/0/001.p/01",
                                     "tile/0/001.p/",
                                     "tile/0/001.p",
                                     "/tile/0/001",
                                     "tile/data/001",
                                     "tile/0/x01/001",
                                     "tile/0/x001/x001/x001/x001/x001/x001/001",
                                     "tile/0/../001",
                                     "tile/0/001/",
                                     "tile/0/001.p/1/2"}) {
    EXPECT_FALSE(parse_tile_path(bad)) << bad;
  }
}

// The example of the specification: 70,000 entries.
TEST(Tile, WidthsAreThoseOfTheSpecification) {
  EXPECT_EQ(width_in(0, 272, 70'000), 256U);
  EXPECT_EQ(width_in(0, 273, 70'000), 112U);
  EXPECT_EQ(width_in(0, 274, 70'000), 0U);
  EXPECT_EQ(width_in(1, 0, 70'000), 256U);
  EXPECT_EQ(width_in(1, 1, 70'000), 17U);
  EXPECT_EQ(width_in(2, 0, 70'000), 1U);
  EXPECT_EQ(width_in(3, 0, 70'000), 0U);
  EXPECT_EQ(width_in(0, 0, 256), 256U);
  EXPECT_EQ(width_in(1, 0, 256), 1U);
  EXPECT_EQ(tiles_of(70'000).size(), 274U + 2U + 1U + 274U);
  EXPECT_TRUE(tiles_of(0).empty());
}

TEST(Tile, HoldsTheHashesOfItsLevel) {
  const MerkleTree tree = test::tree_of(600);
  const auto second = parse_tile(tile_bytes(tree, {.level = 1, .index = 0, .width = 2}), 2).value();
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(second[i], tree_root(tree.row(0, i * 256, 256)));
  }
  const auto leaves = parse_tile(tile_bytes(tree, {.level = 0, .index = 2, .width = 88}), 88);
  EXPECT_EQ(leaves.value()[87], tree.row(0, 599, 1)[0]);
}

TEST(Tile, RefusesAnotherSize) {
  EXPECT_FALSE(parse_tile(Bytes(31), 1));
  EXPECT_FALSE(parse_tile(Bytes(33), 1));
  EXPECT_FALSE(parse_tile(Bytes(64), 1));
  EXPECT_TRUE(parse_tile(Bytes(8192), 256));
}

TEST(EntryBundle, ComesBackAndRefusesEveryTruncation) {
  const std::vector<Bytes> entries{Bytes(), Bytes(1, 7), Bytes(entry_bytes_max, 9)};
  Bytes bundle;
  for (const Bytes& entry : entries) append_entry(bundle, entry);
  EXPECT_EQ(parse_entry_bundle(bundle, 3).value(), entries);
  EXPECT_FALSE(parse_entry_bundle(bundle, 2));
  EXPECT_FALSE(parse_entry_bundle(bundle, 4));
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{3}, bundle.size() - 1}) {
    EXPECT_FALSE(parse_entry_bundle(ByteView(bundle).first(size), 3)) << size;
  }
}

}  // namespace
}  // namespace mayfly::transparency
