// A tree of which some leaves are shown and the others are not: each largest subtree without a
// shown leaf is one hash. So what is withheld can be seen, and counted, and not read.
//
// Source    RFC 6962, section 2.1, for the shape of the tree.
// Shapes    Withheld hashes in the order of their leaves; every one is used, none is left over.
// Errors    malformed: indices that do not rise or are outside the tree, another number of hashes
//           than these indices need.
// Threads   Pure functions.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "transparency/merkle.hpp"

namespace mayfly::transparency {

struct LeafRange {  // [begin, end)
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  auto operator<=>(const LeafRange&) const = default;
};

struct ShownLeaf {
  std::uint64_t index = 0;
  Sha256 leaf;
};

// The subtrees that are withheld when these leaves of `size` are shown, in order.
Result<std::vector<LeafRange>> withheld_subtrees(std::span<const std::uint64_t> shown,
                                                 std::uint64_t size);

Result<Sha256> partial_root(std::span<const ShownLeaf> shown, std::span<const Sha256> withheld,
                            std::uint64_t size);

}  // namespace mayfly::transparency
