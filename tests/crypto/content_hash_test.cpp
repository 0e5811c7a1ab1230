#include "crypto/content_hash.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text_encoding.hpp"

namespace mayfly::crypto {
namespace {

ContentEntry entry(std::string name, std::string_view content) {
  return {
      .name = std::move(name), .size_bytes = content.size(), .digest = sha256(bytes_of(content))};
}

// The text that a reader would hash with sha256sum, written out by hand.
TEST(ContentHash, IsTheSha256OfTheDocumentedText) {
  const std::string text =
      "label/v1\n"
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad 3 1 a\n"
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 5 b/c d\n";
  const auto hash = content_hash("label/v1", {entry("b/c d", ""), entry("a", "abc")});
  ASSERT_TRUE(hash);
  EXPECT_EQ(*hash, sha256(bytes_of(text)));
}

TEST(ContentHash, DoesNotDependOnTheOrderOfEntries) {
  std::vector<ContentEntry> entries{entry("a", "1"), entry("b", "2"), entry("B", "3"),
                                    entry("\xff", "4")};
  const Sha256 expected = *content_hash("label", entries);
  std::ranges::reverse(entries);
  EXPECT_EQ(*content_hash("label", entries), expected);
}

TEST(ContentHash, ChangesWithTheLabelANameASizeOrADigest) {
  const Sha256 base = *content_hash("label", {entry("a", "1")});
  EXPECT_NE(*content_hash("label2", {entry("a", "1")}), base);
  EXPECT_NE(*content_hash("label", {entry("b", "1")}), base);
  EXPECT_NE(*content_hash("label", {entry("a", "2")}), base);
  ContentEntry other_size = entry("a", "1");
  other_size.size_bytes = 2;
  EXPECT_NE(*content_hash("label", {other_size}), base);
  EXPECT_NE(*content_hash("label", {}), base);
}

TEST(ContentHash, ANameWithANewlineCannotStandForTwoEntries) {
  const std::string second_line = hex_encode(sha256(bytes_of("2")).bytes) + " 1 1 b";
  EXPECT_NE(*content_hash("label", {entry("a", "1"), entry("b", "2")}),
            *content_hash("label", {entry("a\n" + second_line, "1")}));
}

TEST(ContentHash, RefusesTwoEntriesOfOneName) {
  const auto hash = content_hash("label", {entry("a", "1"), entry("b", "2"), entry("a", "3")});
  ASSERT_FALSE(hash);
  EXPECT_EQ(hash.error().code(), ErrorCode::malformed);
}

}  // namespace
}  // namespace mayfly::crypto
