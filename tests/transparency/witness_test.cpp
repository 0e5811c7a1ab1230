#include "transparency/witness.hpp"

#include <gtest/gtest.h>

#include "base/text_encoding.hpp"
#include "tests/transparency/log_keys.hpp"

namespace mayfly::transparency {
namespace {

class WitnessTest : public testing::Test {
 protected:
  AddCheckpoint request(std::uint64_t old_size, std::uint64_t size) const {
    AddCheckpoint request{
        .old_size = old_size,
        .consistency = {},
        .signed_checkpoint = test::sign_checkpoint(log_, size, *tree_.root_at(size))};
    if (old_size != 0) request.consistency = tree_.consistency(old_size, size).value();
    return request;
  }
  WitnessedTree seen(std::uint64_t size) const {
    return {.size = size, .root = *tree_.root_at(size)};
  }
  WitnessAnswer judge(const AddCheckpoint& request, std::optional<WitnessedTree> seen) const {
    return judge_add_checkpoint(request, &log_.key(), seen);
  }

  NoteSigner log_ = test::signer_of("log.example", KeyType::ed25519);
  MerkleTree tree_ = test::tree_of(20);
};

TEST_F(WitnessTest, CosignsWhatGrowsFromWhatItSaw) {
  EXPECT_EQ(judge(request(0, 5), std::nullopt), WitnessAnswer::cosign);
  EXPECT_EQ(judge(request(5, 20), seen(5)), WitnessAnswer::cosign);
  EXPECT_EQ(judge(request(20, 20), seen(20)), WitnessAnswer::cosign);
}

TEST_F(WitnessTest, RefusesALogThatForked) {
  MerkleTree fork = test::tree_of(4);
  for (int i = 0; i < 16; ++i) fork.append(test::hash_of("forked"));
  AddCheckpoint forked = request(5, 20);
  forked.signed_checkpoint = test::sign_checkpoint(log_, 20, fork.root());
  EXPECT_EQ(judge(forked, seen(5)), WitnessAnswer::inconsistent);
  forked.consistency = fork.consistency(5, 20).value();
  EXPECT_EQ(judge(forked, seen(5)), WitnessAnswer::inconsistent);
  AddCheckpoint same_size = request(20, 20);
  same_size.signed_checkpoint = test::sign_checkpoint(log_, 20, fork.root());
  EXPECT_EQ(judge(same_size, seen(20)), WitnessAnswer::other_root);
}

TEST_F(WitnessTest, AnswersEachWrongRequestByItsStatus) {
  EXPECT_EQ(judge_add_checkpoint(request(0, 5), nullptr, std::nullopt), WitnessAnswer::unknown_log);
  const NoteSigner other = test::signer_of("log.example", KeyType::ed25519);
  EXPECT_EQ(judge_add_checkpoint(request(0, 5), &other.key(), std::nullopt),
            WitnessAnswer::not_signed);
  AddCheckpoint backwards = request(0, 5);
  backwards.old_size = 6;
  EXPECT_EQ(judge(backwards, seen(6)), WitnessAnswer::bad_request);
  EXPECT_EQ(judge(request(0, 5), seen(5)), WitnessAnswer::other_size);
  EXPECT_EQ(judge(request(5, 9), std::nullopt), WitnessAnswer::other_size);
  EXPECT_EQ(judge(request(5, 9), seen(6)), WitnessAnswer::other_size);
  AddCheckpoint proof_from_nothing = request(0, 5);
  proof_from_nothing.consistency.resize(1);
  EXPECT_EQ(judge(proof_from_nothing, std::nullopt), WitnessAnswer::inconsistent);
  EXPECT_EQ(http_status(WitnessAnswer::cosign), 200);
  EXPECT_EQ(http_status(WitnessAnswer::bad_request), 400);
  EXPECT_EQ(http_status(WitnessAnswer::not_signed), 403);
  EXPECT_EQ(http_status(WitnessAnswer::unknown_log), 404);
  EXPECT_EQ(http_status(WitnessAnswer::other_size), 409);
  EXPECT_EQ(http_status(WitnessAnswer::other_root), 409);
  EXPECT_EQ(http_status(WitnessAnswer::inconsistent), 422);
}

TEST_F(WitnessTest, RequestsComeBackByteForByteAndOthersAreRefused) {
  const std::string text = to_text(request(5, 20));
  EXPECT_EQ(to_text(parse_add_checkpoint(bytes_of(text)).value()), text);
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(parse_add_checkpoint(bytes_of(text.substr(0, size)))) << size;
  }
  for (const std::string& bad : {"old 05" + text.substr(5), "old" + text.substr(4), "\n" + text,
                                 "old -1" + text.substr(5)}) {
    EXPECT_FALSE(parse_add_checkpoint(bytes_of(bad))) << bad;
  }
  AddCheckpoint many = request(0, 5);
  many.consistency.resize(witness_proof_hashes_max);
  EXPECT_TRUE(parse_add_checkpoint(bytes_of(to_text(many))));
  many.consistency.resize(witness_proof_hashes_max + 1);
  EXPECT_EQ(parse_add_checkpoint(bytes_of(to_text(many))).error().code(), ErrorCode::limit);
}

}  // namespace
}  // namespace mayfly::transparency
