#include "transparency/checkpoint.hpp"

#include <gtest/gtest.h>

#include "base/file_io.hpp"
#include "base/text_encoding.hpp"
#include "tests/transparency/log_keys.hpp"
#include "transparency/log_proof.hpp"

namespace mayfly::transparency {
namespace {

std::string vector_text(const std::string& name) {
  return std::string(
      text_of(read_file(std::string(MAYFLY_VECTORS "/note/") + name, 1 << 20).value()));
}

constexpr std::string_view root_text = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

TEST(Checkpoint, OfTheSpecificationIsRead) {
  for (const char* name : {"c2sp_checkpoint_example.txt", "c2sp_cosigned_checkpoint_example.txt"}) {
    const std::string text = vector_text(name);
    const auto signed_checkpoint = parse_signed_checkpoint(bytes_of(text));
    ASSERT_TRUE(signed_checkpoint) << signed_checkpoint.error().message();
    EXPECT_EQ(signed_checkpoint->checkpoint.origin, "example.com/behind-the-sofa");
    EXPECT_EQ(signed_checkpoint->checkpoint.size, 20'852'163U);
    EXPECT_EQ(base64_encode(signed_checkpoint->checkpoint.root.view()), root_text);
    EXPECT_EQ(to_text(signed_checkpoint->note), text);
  }
}

TEST(Checkpoint, ComesBackByteForByteWithItsExtensions) {
  const Checkpoint checkpoint{.origin = "log.example",
                              .size = (std::uint64_t{1} << 63) - 1,
                              .root = test::hash_of("root"),
                              .extensions = {"one", "two words"}};
  EXPECT_EQ(parse_checkpoint(to_text(checkpoint)).value(), checkpoint);
}

TEST(Checkpoint, RefusesEveryOtherSpelling) {
  const std::string root = std::string(root_text) + "\n";
  const std::string short_root = base64_encode(Bytes(31)) + "\n";
  const std::string long_root = base64_encode(Bytes(33)) + "\n";
  for (const std::string& bad :
       {"log\n01\n" + root, "log\n+1\n" + root, "log\n-1\n" + root, "log\n\n" + root,
        "\n1\n" + root, "log\n1\n" + short_root, "log\n1\n" + long_root, "log\n1\n" + root + "\n",
        "log\n1\n" + root + "x", "log\n9223372036854775808\n" + root,
        "log\n99999999999999999999\n" + root, std::string("log\n1\n"), std::string("log\n1"),
        "log\n 1\n" + root, "log\n1 \n" + root, std::string()}) {
    const auto parsed = parse_checkpoint(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code(), ErrorCode::malformed);
  }
  EXPECT_TRUE(parse_checkpoint("log\n0\n" + root));
}

TEST(Checkpoint, IsTheLogsOnlyIfSignedByItsKeyUnderItsOrigin) {
  const NoteSigner log = test::signer_of("log.example", KeyType::ed25519);
  const NoteSigner other = test::signer_of("log.example", KeyType::ed25519);
  const SignedCheckpoint good = test::sign_checkpoint(log, 3, test::hash_of("root"));
  EXPECT_TRUE(verify_log_signature(good, log.key()));
  EXPECT_FALSE(verify_log_signature(good, other.key()));
  SignedCheckpoint renamed = good;
  renamed.checkpoint.origin = "log.example/b";
  EXPECT_FALSE(verify_log_signature(renamed, log.key()));
}

std::string proof_text(const MerkleTree& tree, std::uint64_t index, const NoteSigner& log) {
  LogProof proof;
  proof.index = index;
  proof.hashes = tree.inclusion(index, tree.size()).value();
  proof.signed_checkpoint = test::sign_checkpoint(log, tree.size(), tree.root());
  return to_text(proof);
}

TEST(LogProof, ComesBackByteForByteAndHolds) {
  const NoteSigner log = test::signer_of("log.example", KeyType::ed25519);
  for (const std::uint64_t size : {1U, 2U, 7U, 300U}) {
    const MerkleTree tree = test::tree_of(size);
    for (const std::uint64_t index : {std::uint64_t{0}, size / 2, size - 1}) {
      const std::string text = proof_text(tree, index, log);
      const auto proof = parse_log_proof(bytes_of(text));
      ASSERT_TRUE(proof) << proof.error().message();
      EXPECT_EQ(to_text(*proof), text);
      EXPECT_TRUE(verify_inclusion(*proof, tree.row(0, index, 1)[0]));
      EXPECT_FALSE(verify_inclusion(*proof, test::hash_of("another leaf")));
    }
  }
}

// The specification's example, with the signatures that it elides filled in and without its extra
// line, whose base64 lacks its padding.
TEST(LogProof, OfTheSpecificationIsRead) {
  std::string text = vector_text("c2sp_tlog_proof_example.txt");
  const std::size_t extra = text.find("extra ");
  text.erase(extra, text.find('\n', extra) + 1 - extra);
  const std::size_t marks = text.find("\u2014 ");
  text = text.substr(0, marks) + signature_line({"example.com/fancylog", 1, Bytes(64)});
  const auto proof = parse_log_proof(bytes_of(text));
  ASSERT_TRUE(proof) << proof.error().message();
  EXPECT_EQ(proof->index, 73'894U);
  EXPECT_EQ(proof->hashes.size(), 5U);
  EXPECT_EQ(proof->signed_checkpoint.checkpoint.size, 109'482U);
  EXPECT_EQ(proof->signed_checkpoint.checkpoint.origin, "example.com/fancylog");
}

TEST(LogProof, RefusesEveryTruncationAndOddLines) {
  const NoteSigner log = test::signer_of("log.example", KeyType::ed25519);
  const std::string text = proof_text(test::tree_of(5), 2, log);
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(parse_log_proof(bytes_of(text.substr(0, size)))) << size;
  }
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    return changed;
  };
  for (const std::string& bad :
       {with("@v1", "@v2"), with("index 2", "index 02"), with("index 2", "index  2"),
        with("index 2", "index -2"), with("index 2\n", "index 2\n\n"),
        with("index 2\n", "extra AA==\nextra AA==\nindex 2\n"),
        with("index 2\n", "index 2\n" + base64_encode(Bytes(31)) + "\n"), text + "\n"}) {
    EXPECT_FALSE(parse_log_proof(bytes_of(bad))) << bad;
  }
  EXPECT_TRUE(parse_log_proof(bytes_of(with("index 2\n", "extra AA==\nindex 2\n"))));
}

TEST(LogProof, HoldsItsBoundOnHashes) {
  const NoteSigner log = test::signer_of("log.example", KeyType::ed25519);
  LogProof proof;
  proof.signed_checkpoint = test::sign_checkpoint(log, 1, {});
  proof.hashes.resize(proof_hashes_max);
  EXPECT_TRUE(parse_log_proof(bytes_of(to_text(proof))));
  proof.hashes.resize(proof_hashes_max + 1);
  EXPECT_EQ(parse_log_proof(bytes_of(to_text(proof))).error().code(), ErrorCode::limit);
}

}  // namespace
}  // namespace mayfly::transparency
