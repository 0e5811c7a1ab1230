#include "certificate/canonical_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace mayfly::certificate {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string refusal(std::string_view json) {
  const auto checked = check_canonical(bytes_of(json));
  return checked ? "accepted" : checked.error().message();
}
ErrorCode code_of(std::string_view json) {
  const auto checked = check_canonical(bytes_of(json));
  return checked ? ErrorCode::internal : checked.error().code();
}
std::string nested(std::size_t depth) {
  return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
}
std::string array_of(std::size_t count) {
  std::string json = "{\"a\":[";
  for (std::size_t i = 0; i < count; ++i) json += i == 0 ? "0" : ",0";
  return json + "]}";
}

TEST(CheckCanonical, SaysWhereAndWhichRule) {
  EXPECT_EQ(refusal(R"({"a":1,"a":2})"), "byte 7: a member name may stand only once in an object");
  EXPECT_EQ(refusal(R"({"b":1,"a":2})"), "byte 7: members must rise in UTF-16 code-unit order");
  EXPECT_EQ(refusal(R"({"a": 1})"), "byte 5: no white space may stand between values");
  EXPECT_EQ(refusal(R"({"a":1} )"), "byte 7: nothing may follow the document");
  EXPECT_THAT(refusal(R"({"a":1.0})"), StartsWith("byte 5: a number must have its one shortest"));
  EXPECT_THAT(refusal(R"({"a":"\/"})"), StartsWith("byte 6: this escape is not the one"));
  EXPECT_EQ(refusal("{\"a\":\"\xC0\xAF\"}"), "byte 6: this is not well-formed UTF-8");
  EXPECT_EQ(refusal("{\"a\":\"\x01\"}"), "byte 6: a control character must be escaped");
  EXPECT_EQ(refusal("\xEF\xBB\xBF{}"), "byte 0: no byte-order mark may be written");
  EXPECT_EQ(refusal(""), "byte 0: the document is empty");
  EXPECT_THAT(refusal("[]"), HasSubstr("must be one object"));
  EXPECT_EQ(refusal(R"({"a":1,})"), "byte 7: a member name must stand here");
  EXPECT_EQ(refusal(R"({"a":[1,]})"), "byte 8: a value must stand here");
  EXPECT_EQ(refusal(R"({"a":[1}})"), "byte 7: ',' or the closing bracket must stand here");
  EXPECT_EQ(refusal(R"({"a"})"), "byte 4: ':' must stand after a member name");
}

TEST(CheckCanonical, RefusesEveryTruncation) {
  const std::string whole =
      "{\"a\":[true,false,null,-1.5,\"\xE2\x82\xAC\\u001f\\n\"],\"b\":{},\"c\":"
      "\"\xF0\x9D\x84\x9E\"}";
  ASSERT_EQ(refusal(whole), "accepted");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_EQ(code_of(whole.substr(0, length)), ErrorCode::malformed) << length;
  }
}

TEST(CheckCanonical, HoldsItsBoundOnDepth) {
  EXPECT_EQ(refusal(nested(json_depth_max)), "accepted");
  EXPECT_EQ(code_of(nested(json_depth_max + 1)), ErrorCode::limit);
  EXPECT_EQ(code_of("{\"a\":" + std::string(1'000'000, '[')), ErrorCode::limit);
}

TEST(CheckCanonical, HoldsItsBoundOnValues) {
  EXPECT_EQ(refusal(array_of(json_values_max - 2)), "accepted");
  EXPECT_EQ(code_of(array_of(json_values_max - 1)), ErrorCode::limit);
}

TEST(CheckCanonical, HoldsItsBoundOnStringsAndNames) {
  const auto of = [](std::size_t length) { return "\"" + std::string(length, 'x') + "\""; };
  EXPECT_EQ(refusal("{\"a\":" + of(json_string_bytes_max) + "}"), "accepted");
  EXPECT_EQ(code_of("{\"a\":" + of(json_string_bytes_max + 1) + "}"), ErrorCode::limit);
  EXPECT_EQ(refusal("{" + of(json_string_bytes_max) + ":1}"), "accepted");
  EXPECT_EQ(code_of("{" + of(json_string_bytes_max + 1) + ":1}"), ErrorCode::limit);
}

TEST(CheckCanonical, HoldsItsBoundOnSize) {
  std::string json = "{\"a\":[";
  while (json.size() + json_string_bytes_max < json_bytes_max) {
    json += "\"" + std::string(json_string_bytes_max - 64, 'x') + "\",";
  }
  json += "\"" + std::string(json_bytes_max - json.size() - 4, 'x') + "\"]}";
  ASSERT_EQ(json.size(), json_bytes_max);
  EXPECT_EQ(refusal(json), "accepted");
  json.insert(json.size() - 3, "x");
  EXPECT_EQ(code_of(json), ErrorCode::limit);
}

TEST(CheckCanonical, TakesOtherTopLevelsOnlyWhenAsked) {
  EXPECT_TRUE(check_canonical(bytes_of("[1]"), TopLevel::container));
  EXPECT_FALSE(check_canonical(bytes_of("1"), TopLevel::container));
  EXPECT_TRUE(check_canonical(bytes_of("1"), TopLevel::any));
  EXPECT_FALSE(check_canonical(bytes_of("1 "), TopLevel::any));
}

TEST(Canonicalize, SortsUnescapesAndRespells) {
  const auto canonical =
      canonicalize(bytes_of(" { \"b\" : [ 1.0 , 1e2 ] , \"\\u0061\" : \"\\/\\u000A\" } \n"));
  ASSERT_TRUE(canonical) << canonical.error().message();
  EXPECT_EQ(*canonical, R"({"a":"/\n","b":[1,100]})");
}

TEST(Canonicalize, RefusesWhatWouldBeLost) {
  const auto refused = [](std::string_view json) {
    const auto canonical = canonicalize(bytes_of(json), TopLevel::any);
    return canonical ? "accepted" : canonical.error().message();
  };
  EXPECT_THAT(refused(R"({"a":1,"\u0061":2})"), HasSubstr("the same name"));
  EXPECT_THAT(refused(R"([18446744073709551615])"), HasSubstr("does not fit a double"));
  EXPECT_THAT(refused(R"([1e400])"), HasSubstr("no double holds"));
  EXPECT_THAT(refused(R"(["\ud800"])"), HasSubstr("surrogate"));
  EXPECT_THAT(refused(R"(["\u0000"])"), HasSubstr("U+0000"));
}

TEST(Canonicalize, HoldsTheSameBounds) {
  EXPECT_TRUE(canonicalize(bytes_of(nested(json_depth_max))));
  EXPECT_FALSE(canonicalize(bytes_of(nested(json_depth_max + 1))));
  EXPECT_TRUE(canonicalize(bytes_of(array_of(json_values_max - 2))));
  EXPECT_FALSE(canonicalize(bytes_of(array_of(json_values_max - 1))));
  const std::string padding(json_bytes_max - 2, ' ');
  EXPECT_TRUE(canonicalize(bytes_of("{" + padding + "}")));
  EXPECT_EQ(canonicalize(bytes_of("{ " + padding + "}")).error().code(), ErrorCode::limit);
}

// Goal: growing numbers cannot pass the size bound. Method: 1e20 is 4 bytes in and 21 out.
TEST(Canonicalize, BoundsItsOutputToo) {
  std::string json = "[";
  for (int i = 0; i < 100; ++i) json += i == 0 ? "1e20" : ",1e20";
  json += "]";
  const JsonBounds tight = {.bytes_max = json.size()};
  EXPECT_EQ(canonicalize(bytes_of(json), TopLevel::any, tight).error().code(), ErrorCode::limit);
}

// A small random document with names that repeat, shuffle and need escapes.
class RandomJson {
 public:
  explicit RandomJson(std::uint32_t seed) : random_(seed) {}
  std::string object(int depth) {
    std::string json = "{";
    const std::size_t members = below(5);
    for (std::size_t i = 0; i < members; ++i) {
      if (i > 0) json += ",";
      json += name() + ":" + value(depth - 1);
    }
    return json + "}";
  }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }
  std::string name() {
    static constexpr const char* names[] = {"\"a\"",
                                            "\"b\"",
                                            "\"\\u0061\"",
                                            "\"\xEF\xBF\xBD\"",
                                            "\"\\n\"",
                                            "\"\\u000a\"",
                                            "\"\xF0\x9F\x98\x80\"",
                                            "\"ab\"",
                                            "\"\\u001f\"",
                                            "\"\xC3\xA9\"",
                                            "\"\\\\\"",
                                            "\"\""};
    return names[below(std::size(names))];
  }
  std::string value(int depth) {
    static constexpr const char* scalars[] = {"0",    "-1",   "1.5",   "1e+21",   "1.0", "null",
                                              "true", "\"\"", "\"x\"", "\"\\t\"", " 7",  "1e21"};
    if (depth > 0 && below(3) == 0) return object(depth);
    if (depth > 0 && below(4) == 0) return "[" + value(depth - 1) + "," + value(depth - 1) + "]";
    return scalars[below(std::size(scalars))];
  }
  std::mt19937 random_;
};

// Goal: two implementations agree on what canonical means. Method: fixed-seed random documents.
TEST(CheckCanonical, AcceptsExactlyWhatCanonicalizeLeavesAlone) {
  RandomJson random(20260822);
  int canonical_count = 0;
  int refused_count = 0;
  for (int i = 0; i < 50'000; ++i) {
    const std::string json = random.object(4);
    const bool is_canonical = check_canonical(bytes_of(json)).has_value();
    const auto canonical = canonicalize(bytes_of(json), TopLevel::object);
    ASSERT_EQ(is_canonical, canonical && *canonical == json) << json;
    if (canonical) {
      ASSERT_TRUE(check_canonical(bytes_of(*canonical))) << *canonical;
    } else {
      ++refused_count;
    }
    canonical_count += is_canonical ? 1 : 0;
  }
  EXPECT_GT(canonical_count, 1000);
  EXPECT_GT(refused_count, 1000);
}

}  // namespace
}  // namespace mayfly::certificate
