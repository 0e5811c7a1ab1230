#include "certificate/canonical_document.hpp"

#include <gtest/gtest.h>

namespace mayfly::certificate {
namespace {

constexpr std::string_view sample =
    R"({"a":{"b":[1,{"c":"x\ny"},[]],"d":true},"e":-9007199254740991,"f":1.5,"g g":null})";

TEST(CanonicalDocument, FindsMembersAndTheirSlices) {
  const auto document = CanonicalDocument::parse(bytes_of(sample));
  ASSERT_TRUE(document);
  const auto a = document->root().member("a");
  ASSERT_TRUE(a);
  EXPECT_EQ(text_of(a->slice()), R"({"b":[1,{"c":"x\ny"},[]],"d":true})");
  EXPECT_EQ(a->slice().data(), bytes_of(sample).data() + 5) << "a slice is of the input itself";
  const auto b = a->member("b");
  ASSERT_TRUE(b);
  const auto one = b->first_child();
  ASSERT_TRUE(one);
  EXPECT_EQ(*one->integer(), 1);
  const auto object = one->next_sibling();
  ASSERT_TRUE(object);
  EXPECT_EQ(*object->find("c")->string(), "x\ny");
  EXPECT_FALSE(object->find("c")->next_sibling());
  const auto empty = object->next_sibling();
  ASSERT_TRUE(empty);
  EXPECT_FALSE(empty->first_child());
  EXPECT_FALSE(empty->next_sibling());
  EXPECT_EQ(*a->find("d")->boolean(), true);
  EXPECT_EQ(*document->root().find("e")->integer(), -9007199254740991);
  EXPECT_FALSE(document->root().next_sibling());
}

TEST(CanonicalDocument, ErrorsNameThePath) {
  const auto document = CanonicalDocument::parse(bytes_of(sample));
  ASSERT_TRUE(document);
  const auto root = document->root();
  const auto b = *root.find("a")->find("b");
  EXPECT_EQ(b.first_child()->next_sibling()->find("c")->integer().error().message(),
            "a.b[1].c: must be an integer of at most 2^53-1 either way");
  EXPECT_EQ(root.member("missing").error().message(),
            "the document: the member \"missing\" is missing");
  EXPECT_EQ(root.find("f")->integer().error().code(), ErrorCode::malformed);
  EXPECT_EQ(root.find("g g")->string().error().message(), "(a name of 3 bytes): must be a string");
  EXPECT_EQ(root.find("e")->boolean().error().message(), "e: must be true or false");
  EXPECT_EQ(root.find("e")->member("x").error().message(), "e: must be an object");
}

TEST(CanonicalDocument, ParsesOnlyCanonicalBytes) {
  EXPECT_FALSE(CanonicalDocument::parse(bytes_of("{ }")));
  EXPECT_FALSE(CanonicalDocument::parse(bytes_of("1")));
  EXPECT_TRUE(CanonicalDocument::parse(bytes_of("1"), TopLevel::any));
}

TEST(CanonicalDocument, RefusesIntegersBeyondTheirBound) {
  constexpr std::string_view json = R"({"a":9007199254740992,"b":1e+21})";
  const auto document = CanonicalDocument::parse(bytes_of(json));
  ASSERT_TRUE(document);
  EXPECT_FALSE(document->root().find("a")->integer());
  EXPECT_FALSE(document->root().find("b")->integer());
}

}  // namespace
}  // namespace mayfly::certificate
