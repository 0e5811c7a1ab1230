#include "transparency/merkle.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/text_encoding.hpp"
#include "transparency/trace_leaf.hpp"

namespace mayfly::transparency {
namespace {

// Distinct leaves.
std::vector<Sha256> leaves_of(std::size_t count) {
  std::vector<Sha256> leaves;
  for (std::size_t i = 0; i < count; ++i) {
    leaves.push_back(leaf_hash(bytes_of(std::to_string(i))));
  }
  return leaves;
}

// RFC 6962 2.1, written as the recursion it is defined by; the code under test has none.
Sha256 defined_root(std::span<const Sha256> leaves) {
  if (leaves.empty()) {
    return crypto::sha256({});
  }
  if (leaves.size() == 1) {
    return leaves.front();
  }
  std::size_t split = 1;
  while (split * 2 < leaves.size()) {
    split *= 2;
  }
  return node_hash(defined_root(leaves.first(split)), defined_root(leaves.subspan(split)));
}

TEST(MerkleTree, EmptyRootIsTheHashOfNothing) {
  EXPECT_EQ(hex_encode(tree_root({}).bytes),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(MerkleTree, LeafAndNodeHashesAreTaggedApart) {
  // SHA-256(0x00), from RFC 6962 implementations' published tests.
  EXPECT_EQ(hex_encode(leaf_hash({}).bytes),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  const Sha256 left = leaf_hash(bytes_of("l"));
  const Sha256 right = leaf_hash(bytes_of("r"));
  Bytes joined(left.bytes.begin(), left.bytes.end());
  joined.insert(joined.end(), right.bytes.begin(), right.bytes.end());
  EXPECT_NE(node_hash(left, right), leaf_hash(joined));
  EXPECT_NE(node_hash(left, right), node_hash(right, left));
}

TEST(RootBuilder, EqualsTheDefinitionAtEverySizeUpTo300) {
  const auto leaves = leaves_of(300);
  RootBuilder builder;
  for (std::size_t size = 0; size <= leaves.size(); ++size) {
    ASSERT_EQ(builder.size(), size);
    ASSERT_EQ(builder.root(), defined_root(std::span(leaves).first(size))) << size;
    if (size < leaves.size()) {
      builder.append(leaves[size]);
    }
  }
}

TEST(InclusionProof, IsMadeAndBelievedForEveryLeafOfEveryTreeUpTo40) {
  const auto all = leaves_of(40);
  for (std::size_t size = 1; size <= all.size(); ++size) {
    const auto leaves = std::span(all).first(size);
    const Sha256 root = tree_root(leaves);
    for (std::size_t index = 0; index < size; ++index) {
      const auto proof = make_inclusion_proof(leaves, index);
      ASSERT_TRUE(proof);
      const auto seen = verify_inclusion({index, size, leaves[index], root}, *proof);
      ASSERT_TRUE(seen) << index << " of " << size << ": " << seen.error().message();
    }
  }
}

// Method: a valid proof, then one thing changed at a time.
TEST(InclusionProof, IsRefusedWithAnyPartChanged) {
  const auto leaves = leaves_of(21);
  const Sha256 root = tree_root(leaves);
  for (std::size_t index = 0; index < leaves.size(); ++index) {
    const Inclusion claim{index, leaves.size(), leaves[index], root};
    auto proof = *make_inclusion_proof(leaves, index);
    for (std::size_t other = 0; other <= leaves.size(); ++other) {
      if (other != index) {
        EXPECT_FALSE(verify_inclusion({other, leaves.size(), leaves[index], root}, proof));
      }
    }
    EXPECT_FALSE(verify_inclusion({index, leaves.size(), leaf_hash({}), root}, proof));
    EXPECT_FALSE(verify_inclusion({index, leaves.size(), leaves[index], Sha256{}}, proof));
    for (std::size_t at = 0; at < proof.size(); ++at) {
      auto changed = proof;
      changed[at].bytes[31] ^= 1;
      const auto refused = verify_inclusion(claim, changed);
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code(), ErrorCode::rejected);
    }
    const auto shorter = verify_inclusion(claim, std::span(proof).first(proof.size() - 1));
    ASSERT_FALSE(shorter);
    EXPECT_EQ(shorter.error().code(), ErrorCode::malformed);
    proof.push_back(proof.back());
    EXPECT_FALSE(verify_inclusion(claim, proof));
  }
}

TEST(InclusionProof, IsNotMadeForALeafThatIsNotThere) {
  const auto leaves = leaves_of(3);
  EXPECT_FALSE(make_inclusion_proof(leaves, 3));
  EXPECT_FALSE(make_inclusion_proof({}, 0));
}

TEST(InclusionProof, TakesProofHashesMaxAndRefusesOneMore) {
  // The last index of the widest tree climbs 64 levels; no tree of 64-bit size needs more.
  const std::uint64_t size = std::uint64_t{1} << 63;
  const std::vector<Sha256> at_bound(proof_hashes_max);
  const auto wrong_length = verify_inclusion({0, size, {}, {}}, at_bound);
  ASSERT_FALSE(wrong_length);
  EXPECT_EQ(wrong_length.error().code(), ErrorCode::malformed);
  const std::vector<Sha256> over(proof_hashes_max + 1);
  const auto too_long = verify_inclusion({0, size, {}, {}}, over);
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code(), ErrorCode::limit);
}

TEST(InclusionProof, FollowsThePathOfTheWidestTree) {
  // 2^64-1 leaves, index 0: 64 siblings on the right. The root is rebuilt here by hand.
  const std::uint64_t size = ~std::uint64_t{0};
  const std::vector<Sha256> proof(64, leaf_hash(bytes_of("sibling")));
  Sha256 root = leaf_hash(bytes_of("leaf"));
  for (const Sha256& sibling : proof) {
    root = node_hash(root, sibling);
  }
  EXPECT_TRUE(verify_inclusion({0, size, leaf_hash(bytes_of("leaf")), root}, proof));
}

TEST(ConsistencyProof, IsMadeAndBelievedForEveryPairUpTo40) {
  const auto all = leaves_of(40);
  for (std::size_t size2 = 1; size2 <= all.size(); ++size2) {
    const auto leaves = std::span(all).first(size2);
    for (std::size_t size1 = 1; size1 <= size2; ++size1) {
      const auto proof = make_consistency_proof(leaves, size1);
      ASSERT_TRUE(proof);
      const Consistency claim{size1, size2, tree_root(leaves.first(size1)), tree_root(leaves)};
      const auto seen = verify_consistency(claim, *proof);
      ASSERT_TRUE(seen) << size1 << " to " << size2 << ": " << seen.error().message();
    }
  }
}

TEST(ConsistencyProof, IsRefusedWithAnyPartChanged) {
  const auto leaves = leaves_of(23);
  const Sha256 root2 = tree_root(leaves);
  for (std::size_t size1 = 1; size1 < leaves.size(); ++size1) {
    const Sha256 root1 = tree_root(std::span(leaves).first(size1));
    auto proof = *make_consistency_proof(leaves, size1);
    EXPECT_FALSE(verify_consistency({size1, 23, root2, root2}, proof));
    EXPECT_FALSE(verify_consistency({size1, 23, root1, root1}, proof));
    EXPECT_FALSE(verify_consistency({23, size1, root1, root2}, proof));
    for (std::size_t at = 0; at < proof.size(); ++at) {
      auto changed = proof;
      changed[at].bytes[0] ^= 0x80;
      EXPECT_FALSE(verify_consistency({size1, 23, root1, root2}, changed));
    }
    EXPECT_FALSE(
        verify_consistency({size1, 23, root1, root2}, std::span(proof).first(proof.size() - 1)));
    proof.push_back(root1);
    EXPECT_FALSE(verify_consistency({size1, 23, root1, root2}, proof));
  }
}

// A known trap: "the empty tree is a prefix of everything" must not pass as a proof.
TEST(ConsistencyProof, FromSizeZeroIsRefused) {
  const auto refused = verify_consistency({0, 8, tree_root({}), {}}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::malformed);
  EXPECT_FALSE(verify_consistency({0, 0, tree_root({}), tree_root({})}, {}));
  EXPECT_FALSE(make_consistency_proof(leaves_of(3), 0));
  EXPECT_FALSE(make_consistency_proof(leaves_of(3), 4));
}

TEST(ConsistencyProof, OfOneSizeNeedsEqualRootsAndNoHashes) {
  const Sha256 root = tree_root(leaves_of(5));
  EXPECT_TRUE(verify_consistency({5, 5, root, root}, {}));
  EXPECT_FALSE(verify_consistency({5, 5, root, tree_root(leaves_of(4))}, {}));
  EXPECT_FALSE(verify_consistency({5, 5, root, root}, std::span(&root, 1)));
}

TEST(HashFromBytes, TakesExactly32) {
  for (const std::size_t size : {0U, 31U, 33U, 64U}) {
    EXPECT_FALSE(hash_from_bytes(Bytes(size))) << size;
  }
  EXPECT_TRUE(hash_from_bytes(Bytes(32)));
}

TEST(TraceLeaf, IsTheLeafOfLabelSaltAndEvent) {
  TraceSalt salt{};
  salt[15] = 'S';
  const std::string data = std::string("mayfly/event/v1\n") + std::string(15, '\0') + "Sevent";
  EXPECT_EQ(trace_leaf(salt, bytes_of("event")), leaf_hash(bytes_of(data)));
}

TEST(TraceLeaf, OfOneEventDiffersWithTheSalt) {
  TraceSalt other{};
  other[0] = 1;
  EXPECT_NE(trace_leaf({}, bytes_of("event")), trace_leaf(other, bytes_of("event")));
}

}  // namespace
}  // namespace mayfly::transparency
