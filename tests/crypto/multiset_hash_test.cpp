#include "crypto/multiset_hash.hpp"

#include <gtest/gtest.h>

#include "base/text_encoding.hpp"

namespace mayfly::crypto {
namespace {

std::string hex_of(const MultisetHash& hash) {
  return hex_encode(hash.digest().bytes);
}

// Bitcoin Core shows its hashes with the last byte first: this is its MuHash of nothing,
// dd5ad2a105c2d294...
TEST(MultisetHash, OfNothingIsThePublishedOne) {
  EXPECT_EQ(hex_of(MultisetHash()),
            "c85525462fdcf30a2c18d6f4b92923000974355c2477f59594d2c205a1d25add");
}

// From a second implementation, in Python, that gives Bitcoin Core's published test values.
TEST(MultisetHash, MatchesAnIndependentComputation) {
  MultisetHash empty_text;
  empty_text.add({});
  EXPECT_EQ(hex_of(empty_text), "e19a5a8286309f787a21e57854c87be1a8141868489939a8697c033c75318c62");
  MultisetHash three;
  three.add(bytes_of("a"));
  three.add(bytes_of("b"));
  three.add(bytes_of("a"));
  EXPECT_EQ(hex_of(three), "75b201a4d8445d1fd0718abf27494abc4b64ca56551dc1baa804300de4a91dea");
}

TEST(MultisetHash, KnowsHowOftenButNotInWhichOrder) {
  MultisetHash one_by_one;
  for (const char* const element : {"x", "y", "x", "z", "x"}) one_by_one.add(bytes_of(element));
  MultisetHash together;
  together.add(bytes_of("z"));
  together.add(bytes_of("x"), 3);
  together.add(bytes_of("y"));
  EXPECT_EQ(hex_of(together), hex_of(one_by_one));
  together.add(bytes_of("y"));
  EXPECT_NE(hex_of(together), hex_of(one_by_one));
}

}  // namespace
}  // namespace mayfly::crypto
