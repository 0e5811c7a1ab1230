// What the gateway passes on is what it has checked: slices of one text, read in one way.
#include "gateway/json_view.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file_io.hpp"

namespace mayfly::gateway {
namespace {

JsonView parsed(std::string_view text) {
  return JsonView::parse(text).value();
}

TEST(GatewayJson, FindsMembersAsSlicesOfTheText) {
  const std::string_view text = R"( {"a" : [1, {"b":"]}"} ,"x\"y" ] ,"c":1.50, "d":"\u00e9\n"} )";
  const JsonView json = parsed(text);
  EXPECT_EQ(json.member("a")->text(), R"([1, {"b":"]}"} ,"x\"y" ])");
  EXPECT_EQ(json.member("a")->elements().size(), 3U);
  EXPECT_EQ(json.member("a")->elements()[2].string(), "x\"y");
  EXPECT_EQ(json.member("c")->text(), "1.50");
  EXPECT_EQ(json.string_member("d"), "\u00e9\n");
  EXPECT_FALSE(json.member("b"));
  EXPECT_GE(json.member("c")->text().data(), text.data());
}

TEST(GatewayJson, KnowsAMemberHoweverItIsWritten) {
  EXPECT_EQ(parsed(R"({"\u006dodel":"m"})").string_member("model"), "m");
  EXPECT_FALSE(JsonView::parse(R"({"model":1,"\u006dodel":2})"));
}

TEST(GatewayJson, ReadsWholeNumbersOnly) {
  EXPECT_EQ(parsed("[9223372036854775807]").elements()[0].integer(), 9223372036854775807);
  for (const std::string_view text : {"9223372036854775808", "1.0", "1e3", "\"1\"", "true"}) {
    EXPECT_FALSE(parsed(text).integer()) << text;
  }
}

TEST(GatewayJson, RefusesWhatIsNestedPastItsBound) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(JsonView::parse(nested(json_depth_max)));
  EXPECT_FALSE(JsonView::parse(nested(json_depth_max + 1)));
}

TEST(GatewayJson, RefusesEveryTruncation) {
  const std::string text = R"({"a":[1,"\u00e9\ud83d\ude00",true],"b":{"c":null}})";
  ASSERT_TRUE(JsonView::parse(text));
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(JsonView::parse(std::string_view(text).substr(0, length))) << length;
  }
}

// Goal: agree with everybody about what JSON is. Method: the published suite; y_ is JSON, n_ is
// not. Stricter than JSON in two things: no member twice, no half of a surrogate pair.
TEST(GatewayJson, AgreesWithThePublishedSuite) {
  std::size_t seen = 0;
  const std::filesystem::path folder = MAYFLY_VECTORS "/certificate/json-parsing";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || (!name.starts_with("y_") && !name.starts_with("n_"))) continue;
    const Bytes bytes = read_file(entry.path(), 1 << 20).value();
    const bool stricter = name.find("duplicated_key") != std::string::npos;
    const bool accepted = JsonView::parse(text_of(bytes)).has_value();
    EXPECT_EQ(accepted, name.starts_with("y_") && !stricter) << name;
    ++seen;
  }
  EXPECT_GT(seen, 180U);
}

TEST(GatewayJson, FindsTheEndOfEveryString) {
  for (const std::string_view text :
       {R"(["","\"","\\","\\\"","a\\","\u005c"])", R"(["\\\\\"",1])"}) {
    const JsonView json = parsed(text);
    std::string again = "[";
    for (const JsonView& one : json.elements()) {
      again += (again.size() > 1 ? "," : "") + std::string(one.text());
    }
    EXPECT_EQ(again + "]", text);
  }
}

TEST(GatewayJson, WritesWhatItReads) {
  const std::string text = std::string("a\"\\\n\x01\x1f") + "\u00e9";
  EXPECT_EQ(parsed(json_string(text)).string(), text);
}

}  // namespace
}  // namespace mayfly::gateway
