// The published proof vectors of transparency-dev/merkle: every case, as its own file says.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/file_io.hpp"
#include "base/text_encoding.hpp"
#include "transparency/merkle.hpp"

namespace mayfly::transparency {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// The vectors use padded standard base64; certificates do not.
Result<Bytes> from_padded_base64(std::string text) {
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  while (text.ends_with('=')) {
    text.pop_back();
  }
  return base64url_decode(text);
}

Result<Sha256> hash_member(const json& text) {
  TRY(const Bytes bytes, from_padded_base64(text.get<std::string>()));
  return hash_from_bytes(bytes);
}

Result<Proof> proof_member(const json& list) {
  Proof proof;
  for (const json& text : list) {  // null has no elements
    TRY(const Sha256 hash, hash_member(text));
    proof.push_back(hash);
  }
  return proof;
}

Result<void> check_inclusion(const json& vector) {
  TRY(const Sha256 leaf, hash_member(vector.at("leafHash")));
  TRY(const Sha256 root, hash_member(vector.at("root")));
  TRY(const Proof proof, proof_member(vector.at("proof")));
  return verify_inclusion({vector.at("leafIdx").get<std::uint64_t>(),
                           vector.at("treeSize").get<std::uint64_t>(), leaf, root},
                          proof);
}

Result<void> check_consistency(const json& vector) {
  TRY(const Sha256 root1, hash_member(vector.at("root1")));
  TRY(const Sha256 root2, hash_member(vector.at("root2")));
  TRY(const Proof proof, proof_member(vector.at("proof")));
  return verify_consistency({vector.at("size1").get<std::uint64_t>(),
                             vector.at("size2").get<std::uint64_t>(), root1, root2},
                            proof);
}

struct Counted {
  int accepted = 0;
  int refused = 0;
};

template <class Check>
Counted run_folder(const std::string& folder, const Check& check) {
  Counted counted;
  for (const auto& entry : fs::recursive_directory_iterator(MAYFLY_VECTORS "/merkle/" + folder)) {
    if (!entry.is_regular_file()) {
      continue;
    }
    const auto bytes = read_file(entry.path(), 1 << 20);
    EXPECT_TRUE(bytes) << entry.path();
    const json vector = json::parse(text_of(*bytes));
    const auto outcome = check(vector);
    EXPECT_EQ(outcome.has_value(), !vector.at("wantErr").get<bool>())
        << entry.path() << (outcome ? "" : ": " + outcome.error().message());
    outcome ? ++counted.accepted : ++counted.refused;
  }
  return counted;
}

TEST(MerkleVectors, InclusionProofsAreJudgedAsPublished) {
  const Counted counted = run_folder("inclusion", check_inclusion);
  EXPECT_EQ(counted.accepted, 4);
  EXPECT_EQ(counted.refused, 49);
}

TEST(MerkleVectors, ConsistencyProofsAreJudgedAsPublished) {
  const Counted counted = run_folder("consistency", check_consistency);
  EXPECT_EQ(counted.accepted, 3);
  EXPECT_EQ(counted.refused, 40);
}

}  // namespace
}  // namespace mayfly::transparency
