// Goal: no bytes crash the proof verifiers, and a proof is believed only if nothing was changed.
// Method: the input is read once as sizes, hashes and proof, and once as a change to a true proof
// over a small tree, which must then be refused. The same for a tree of which some leaves are
// shown.
#include <cstdlib>
#include <span>
#include <vector>

#include "base/byte_reader.hpp"
#include "transparency/merkle.hpp"
#include "transparency/partial_tree.hpp"

namespace {

using namespace mayfly;
using namespace mayfly::transparency;

Result<void> judge_anything(ByteView input) {
  ByteReader reader(input);
  TRY(const std::uint64_t first, reader.take_u64_le());
  TRY(const std::uint64_t second, reader.take_u64_le());
  Sha256 hash1;
  Sha256 hash2;
  TRY(hash1.bytes, reader.take_array<32>());
  TRY(hash2.bytes, reader.take_array<32>());
  Proof proof;
  while (reader.remaining() >= 32) {
    TRY(const ByteView bytes, reader.take(32));
    TRY(const Sha256 hash, hash_from_bytes(bytes));
    proof.push_back(hash);
  }
  CHECK_OK(verify_inclusion({first, second, hash1, hash2}, proof));
  return verify_consistency({first, second, hash1, hash2}, proof);
}

Result<void> judge_a_changed_proof(ByteView input) {
  ByteReader reader(input);
  TRY(const std::uint8_t size, reader.take_u8());
  TRY(const std::uint8_t index, reader.take_u8());
  TRY(const std::uint8_t at, reader.take_u8());
  TRY(const std::uint8_t change, reader.take_u8());
  std::vector<Sha256> leaves(std::size_t{1} + size % 64);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    leaves[i].bytes[0] = static_cast<std::uint8_t>(i);
  }
  const std::size_t leaf = index % leaves.size();
  TRY(Proof proof, make_inclusion_proof(leaves, leaf));
  const Inclusion claim{leaf, leaves.size(), leaves[leaf], tree_root(leaves)};
  if (!verify_inclusion(claim, proof)) {
    std::abort();
  }
  if (!proof.empty() && change != 0) {
    proof[at % proof.size()].bytes[at % 32] ^= change;
    if (verify_inclusion(claim, proof)) {
      std::abort();
    }
  }
  return {};
}

Result<void> judge_any_partial_tree(ByteView input) {
  ByteReader reader(input);
  TRY(const std::uint64_t size, reader.take_u64_le());
  TRY(const std::uint8_t count, reader.take_u8());
  std::vector<ShownLeaf> shown(count % 8);
  for (ShownLeaf& leaf : shown) {
    TRY(leaf.index, reader.take_u64_le());
  }
  std::vector<Sha256> withheld(reader.remaining() / 32);
  for (Sha256& hash : withheld) {
    TRY(hash.bytes, reader.take_array<32>());
  }
  CHECK_OK(partial_root(shown, withheld, size));
  return {};
}

Result<void> judge_a_changed_partial_tree(ByteView input) {
  ByteReader reader(input);
  TRY(const std::uint8_t size, reader.take_u8());
  TRY(const std::uint64_t which, reader.take_u64_le());
  TRY(const std::uint8_t at, reader.take_u8());
  TRY(const std::uint8_t change, reader.take_u8());
  std::vector<Sha256> leaves(std::size_t{1} + size % 64);
  std::vector<ShownLeaf> shown;
  std::vector<std::uint64_t> indices;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    leaves[i].bytes[0] = static_cast<std::uint8_t>(i);
    if ((which >> i & 1) == 0) continue;
    indices.push_back(i);
    shown.push_back({i, leaves[i]});
  }
  TRY(const auto ranges, withheld_subtrees(indices, leaves.size()));
  std::vector<Sha256> withheld;
  withheld.reserve(ranges.size());
  for (const LeafRange& range : ranges) {
    withheld.push_back(tree_root(std::span(leaves).subspan(range.begin, range.end - range.begin)));
  }
  const Sha256 root = tree_root(leaves);
  TRY(const Sha256 whole, partial_root(shown, withheld, leaves.size()));
  if (whole != root) std::abort();
  if (change == 0) return {};
  const std::size_t place = at % (shown.size() + withheld.size());
  Sha256& changed = place < shown.size() ? shown[place].leaf : withheld[place - shown.size()];
  changed.bytes[at % 32] ^= change;
  TRY(const Sha256 other, partial_root(shown, withheld, leaves.size()));
  if (other == root) std::abort();
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)judge_anything({data, size}).has_value();
  (void)judge_a_changed_proof({data, size}).has_value();
  (void)judge_any_partial_tree({data, size}).has_value();
  (void)judge_a_changed_partial_tree({data, size}).has_value();
  return 0;
}
