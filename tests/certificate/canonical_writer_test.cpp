#include "certificate/canonical_writer.hpp"

#include <gtest/gtest.h>

#include "certificate/json_number.hpp"

namespace mayfly::certificate {
namespace {

TEST(CanonicalWriter, SortsMembersAtEveryLevel) {
  CanonicalWriter writer;
  writer.begin_object();
  writer.name("z");
  writer.begin_array();
  writer.begin_object();
  writer.member("b", 1);
  writer.member("a", "\n");
  writer.end_object();
  writer.null();
  writer.boolean(true);
  writer.end_array();
  writer.member("\xF0\x9F\x98\x80", 2);  // U+1F600 is D83D in UTF-16, before U+FFFD
  writer.member("\xEF\xBF\xBD", 3);
  writer.member("", -4);
  writer.end_object();
  const auto text = std::move(writer).finish();
  ASSERT_TRUE(text) << text.error().message();
  EXPECT_EQ(*text,
            "{\"\":-4,\"z\":[{\"a\":\"\\n\",\"b\":1},null,true],\"\xF0\x9F\x98\x80\":2,"
            "\"\xEF\xBF\xBD\":3}");
  EXPECT_TRUE(check_canonical(bytes_of(*text)));
}

template <class Write>
ErrorCode write_refusal(Write write, const JsonBounds& bounds = {}) {
  CanonicalWriter writer(bounds);
  writer.begin_object();
  write(writer);
  writer.end_object();
  const auto text = std::move(writer).finish();
  EXPECT_FALSE(text);
  return text ? ErrorCode::internal : text.error().code();
}

TEST(CanonicalWriter, RefusesWhatHasNoCanonicalSpelling) {
  using W = CanonicalWriter;
  EXPECT_EQ(write_refusal([](W& w) { w.member("a", 1), w.member("a", 1); }), ErrorCode::malformed);
  EXPECT_EQ(write_refusal([](W& w) { w.member("a", integer_max + 1); }), ErrorCode::malformed);
  EXPECT_EQ(write_refusal([](W& w) { w.member("a", -integer_max - 1); }), ErrorCode::malformed);
  EXPECT_EQ(write_refusal([](W& w) { w.member("a", "\xFF"); }), ErrorCode::malformed);
  EXPECT_EQ(write_refusal([](W& w) { w.member("\xFF", 1); }), ErrorCode::malformed);
  EXPECT_EQ(write_refusal([](W& w) { w.member("a", std::string_view("\0", 1)); }),
            ErrorCode::malformed);
}

TEST(CanonicalWriter, WritesIntegersUpToTheirBound) {
  CanonicalWriter writer;
  writer.begin_array();
  writer.integer(integer_max);
  writer.integer(-integer_max);
  writer.end_array();
  EXPECT_EQ(*std::move(writer).finish(), "[9007199254740991,-9007199254740991]");
}

TEST(CanonicalWriter, HoldsItsBounds) {
  using W = CanonicalWriter;
  const auto deep = [](W& w) { w.name("a"), w.begin_array(), w.end_array(); };
  EXPECT_EQ(write_refusal(deep, {.depth_max = 1}), ErrorCode::limit);
  EXPECT_EQ(write_refusal(deep, {.values_max = 1}), ErrorCode::limit);
  EXPECT_EQ(write_refusal([](W& w) { w.member("a", "xxxxx"); }, {.string_bytes_max = 4}),
            ErrorCode::limit);
  EXPECT_EQ(write_refusal([](W& w) { w.member("a", "xxxxx"); }, {.bytes_max = 10}),
            ErrorCode::limit);
}

TEST(CanonicalWriter, RefusesCallsThatMakeNoJson) {
  using W = CanonicalWriter;
  EXPECT_EQ(write_refusal([](W& w) { w.string("no name"); }), ErrorCode::internal);
  EXPECT_EQ(write_refusal([](W& w) { w.name("a"), w.name("b"); }), ErrorCode::internal);
  EXPECT_EQ(write_refusal([](W& w) { w.name("a"); }), ErrorCode::internal);
  EXPECT_EQ(write_refusal([](W& w) { w.end_array(); }), ErrorCode::internal);
  CanonicalWriter empty;
  EXPECT_FALSE(std::move(empty).finish());
  CanonicalWriter twice;
  twice.null();
  twice.null();
  EXPECT_FALSE(std::move(twice).finish());
  CanonicalWriter open;
  open.begin_object();
  EXPECT_FALSE(std::move(open).finish());
}

}  // namespace
}  // namespace mayfly::certificate
