#include "intake/json_siphon.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <string_view>

#include "tests/intake/base64_text.hpp"
#include "tests/intake/siphon_reference.hpp"

namespace mayfly::intake {
namespace {

constexpr std::size_t rest_bytes_max = std::size_t{1} << 20;

Result<JsonSiphon::Parts> siphon(std::string_view body, std::size_t piece = std::string_view::npos,
                                 std::size_t rest_max = rest_bytes_max,
                                 const IntakeLimits& limits = {}) {
  TRY(auto siphon, JsonSiphon::begin(limits, JobIdentity::separate_user, rest_max));
  for (std::size_t at = 0; at < body.size();) {
    const auto chunk = body.substr(at, piece);
    CHECK_OK(siphon.append(bytes_of(chunk)));
    at += chunk.size();
  }
  return std::move(siphon).finish();
}

constexpr std::string_view request =
    R"({"scripts":[{"name":"main.py","data":"base64:eA=="}],)"
    R"( "dataset" : {"format":"csv", "data" : "base64:Zm9vYmFy", "name":"a\"b"}, "nonce":null})";
constexpr std::string_view request_rest =
    R"({"scripts":[{"name":"main.py","data":"base64:eA=="}],)"
    R"( "dataset" : {"format":"csv", "data" : "", "name":"a\"b"}, "nonce":null})";

TEST(JsonSiphon, TakesTheDatasetOutAndLeavesTheRestAsItWas) {
  const auto parts = siphon(request);
  ASSERT_TRUE(parts) << parts.error().message();
  EXPECT_EQ(parts->rest_json, request_rest);
  ASSERT_TRUE(parts->data);
  EXPECT_EQ(parts->data->name(), "dataset");
  EXPECT_EQ(text_of(parts->data->view()), "foobar");
}

TEST(JsonSiphon, DoesSoForEverySplitOfTheBody) {
  for (std::size_t first = 0; first <= request.size(); ++first) {
    auto two = JsonSiphon::begin({}, JobIdentity::separate_user, rest_bytes_max);
    ASSERT_TRUE(two && two->append(bytes_of(request.substr(0, first))) &&
                two->append(bytes_of(request.substr(first))));
    const auto parts = std::move(*two).finish();
    ASSERT_TRUE(parts) << first;
    ASSERT_EQ(parts->rest_json, request_rest) << first;
    ASSERT_EQ(text_of(parts->data->view()), "foobar") << first;
  }
  for (std::size_t piece = 1; piece < 9; ++piece) {
    const auto parts = siphon(request, piece);
    ASSERT_TRUE(parts) << piece;
    ASSERT_EQ(parts->rest_json, request_rest);
    ASSERT_EQ(text_of(parts->data->view()), "foobar");
  }
}

TEST(JsonSiphon, ResolvesEscapesInNamesAndInTheData) {
  for (const std::string_view body :
       {R"({"dataset":{"data":"base64:\/w=="}})",
        R"({"d\u0061taset":{"d\u0061t\u0061":"base64:/w=="}})",
        R"({"dataset":{"data":"b\u0061se64\u003a\u002fw=\u003D"}})"}) {
    for (const std::size_t piece : {std::size_t{1}, std::string_view::npos}) {
      const auto parts = siphon(body, piece);
      ASSERT_TRUE(parts) << body << ": " << parts.error().message();
      ASSERT_TRUE(parts->data) << body;
      EXPECT_EQ(text_of(parts->data->view()), "\xFF");
      EXPECT_EQ(parts->rest_json.find("base64"), std::string::npos);
      EXPECT_EQ(parts->rest_json.find("w="), std::string::npos);
    }
  }
}

TEST(JsonSiphon, LeavesEveryOtherPlaceAlone) {
  for (const std::string_view body :
       {R"({"data":"base64:AA=="})", R"({"x":{"data":"base64:AA=="}})",
        R"([{"dataset":{"data":"base64:AA=="}}])", R"({"dataset":[{"data":"base64:AA=="}]})",
        R"({"dataset":{"x":{"data":"base64:AA=="}}})", R"({"x":{"dataset":{"data":"AA"}}})",
        R"({"dataset":{"Data":"AA","data2":1,"dat":2}})", R"({"dataset":"data","x":"base64:AA=="})",
        R"({"dataset":{},"x":{"data":"base64:AA=="}})", R"({"x":"dataset","y":{"data":"AA"}})",
        R"({"dataset\u0000":{"data":"AA"}})", R"({"dataset\ud83d\ude00":{"data":"AA"}})",
        R"({"":{"":"AA"}})", R"({"x":["dataset",{"data":"AA"}]})", R"("dataset")", "1", "[]",
        " {} ", R"({"dataset":null,"a":[[{"data":"{\"dataset\":"}]]})"}) {
    const auto parts = siphon(body);
    ASSERT_TRUE(parts) << body << ": " << parts.error().message();
    EXPECT_EQ(parts->rest_json, body);
    EXPECT_FALSE(parts->data) << body;
  }
}

TEST(JsonSiphon, RefusesDataThatIsNotAPrefixedBase64String) {
  for (const std::string_view value : {"null",
                                       "1",
                                       "-1",
                                       "true",
                                       "false",
                                       "{}",
                                       "[]",
                                       R"({"x":"base64:AA=="})",
                                       R"("")",
                                       R"("b")",
                                       R"("base64")",
                                       R"("AA==")",
                                       R"("Base64:AA==")",
                                       R"("base64:AA")",
                                       R"("base64:A A=")",
                                       R"("base64:AA==\n")",
                                       R"("base64:AA==\"")",
                                       R"("base64: AA==")",
                                       R"("base64:AA==AA==")",
                                       R"("base64:\u00e9AAA")",
                                       R"("base64:\u0141AAA")",
                                       R"("base64:A-_A")",
                                       R"("base64:\qAAA")",
                                       R"("base64:\u00GAAAA")"}) {
    const std::string body = R"({"dataset":{"data":)" + std::string(value) + "}}";
    const auto parts = siphon(body);
    ASSERT_FALSE(parts) << body;
    EXPECT_EQ(parts.error().code(), ErrorCode::malformed);
  }
  const auto parts = siphon(R"({"dataset":{"data":7}})");
  EXPECT_EQ(parts.error().message(),
            "request body, byte 19: dataset.data must be a string \"base64:\" followed by standard "
            "base64 with padding");
}

TEST(JsonSiphon, RefusesANameGivenTwice) {
  for (const std::string_view body :
       {R"({"dataset":{"data":"base64:AA=="},"dataset":{}})", R"({"dataset":1,"datase\u0074":2})",
        R"({"dataset":{"data":"base64:AA==","data":"base64:AA=="}})",
        R"({"dataset":{"data":"base64:AA==","\u0064ata":""}})"}) {
    const auto parts = siphon(body);
    ASSERT_FALSE(parts) << body;
    EXPECT_EQ(parts.error().code(), ErrorCode::malformed);
    EXPECT_NE(parts.error().message().find("given twice"), std::string::npos);
  }
}

// A parser that takes NUL for the end would judge only what stands before it.
TEST(JsonSiphon, RefusesANulByteAnywhere) {
  for (std::size_t at = 0; at <= request.size(); ++at) {
    std::string body(request);
    body.insert(at, 1, '\0');
    const auto parts = siphon(body);
    ASSERT_FALSE(parts) << at;
    EXPECT_EQ(parts.error().code(), ErrorCode::malformed);
  }
}

TEST(JsonSiphon, RefusesEveryTruncation) {
  for (std::size_t length = 1; length < request.size(); ++length) {
    const auto parts = siphon(request.substr(0, length));
    ASSERT_FALSE(parts) << length;
    EXPECT_EQ(parts.error().code(), ErrorCode::malformed);
  }
}

TEST(JsonSiphon, HoldsEachBoundAndRefusesOneMore) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(siphon(nested(json_depth_max)));
  EXPECT_EQ(siphon(nested(json_depth_max + 1)).error().code(), ErrorCode::limit);

  EXPECT_TRUE(siphon(request, 100, request_rest.size()));
  EXPECT_EQ(siphon(request, 100, request_rest.size() - 1).error().code(), ErrorCode::limit);

  EXPECT_TRUE(siphon(request, 100, rest_bytes_max, {.dataset_bytes_max = 6}));
  EXPECT_EQ(siphon(request, 100, rest_bytes_max, {.dataset_bytes_max = 5}).error().code(),
            ErrorCode::limit);
}

TEST(JsonSiphon, GrowsItsRestWithoutChangingIt) {
  const std::string body = R"({"x":")" + std::string(100'000, 'y') + R"("})";
  const auto parts = siphon(body, 1000);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->rest_json, body);
}

// Random documents with the interesting names, values and shapes close together.
class RandomDocument {
 public:
  explicit RandomDocument(std::uint32_t seed) : random_(seed) {}

  std::string text() { return below(8) == 0 ? value(0) : object(0); }

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }
  template <std::size_t N>
  std::string one_of(const std::array<const char*, N>& choices) {
    return choices[below(N)];
  }
  std::string space() { return one_of(std::array{"", "", "", " ", "\n", "\t \r\n"}); }
  std::string name(int depth) {
    if (below(4) == 0) return depth == 0 ? R"("dataset")" : R"("data")";
    return one_of(std::array{R"("dataset")", R"("dataset")", R"("data")", R"("data")", R"("x")",
                             R"("d\u0061ta")", R"("\u0064ataset")", R"("data\u0000")", R"("")",
                             R"("dat")", R"("dataset.data")", R"("données")"});
  }
  std::string value(int depth) {
    switch (below(depth > 4 ? 4 : 8)) {
      case 0: return one_of(std::array{"null", "true", "1e3", "-0.5", R"("data")", R"("dataset")"});
      case 1: return base64();
      case 2:
        return one_of(std::array{R"("base64:")", R"("base64:AA")", R"("\"{[]},:\\")",
                                 R"("é\uD83D\uDE00")", R"("base64:\/\/8=")",
                                 R"("\u0062ase64:AAAA")"});
      case 3: return one_of(std::array{"{}", "[]", "[1,2]"});
      case 4:
      case 5:
      case 6: return object(depth + 1);
      default: return array(depth + 1);
    }
  }
  std::string base64() {
    return R"("base64:)" + test::base64_text(std::string(below(50), 'q')) + "\"";
  }
  // Half of the time the value that makes the name matter.
  std::string member(int depth) {
    const std::string member_name = name(depth);
    const bool fitting = below(2) == 0;
    std::string member_value = value(depth);
    if (fitting && member_name == R"("dataset")") member_value = object(depth + 1);
    if (fitting && member_name == R"("data")") member_value = base64();
    return space() + member_name + space() + ":" + space() + member_value;
  }
  std::string object(int depth) {
    std::string text = "{";
    for (std::size_t i = below(4), n = i; i > 0; --i) text += (i == n ? "" : ",") + member(depth);
    return text + space() + "}";
  }
  std::string array(int depth) {
    std::string text = "[";
    for (std::size_t i = below(4), n = i; i > 0; --i) {
      text += (i == n ? "" : ",") + space() + value(depth) + space();
    }
    return text + "]";
  }

  std::mt19937 random_;
};

// Goal: the siphon never assigns a value differently from a whole-document parser.
// Method: both read the same random documents, valid ones and ones with a byte changed.
TEST(JsonSiphon, AgreesWithAWholeDocumentParser) {
  std::size_t siphoned = 0;
  for (std::uint32_t seed = 0; seed < 20'000; ++seed) {
    std::string body = RandomDocument(seed).text();
    if (seed % 4 == 3) body[seed * 7919U % body.size()] = R"("\,:{}[] a)"[seed % 11];
    const auto expected = test::siphon_reference(body);
    const auto parts = siphon(body, 1 + seed % 13);
    if (parts) {
      ASSERT_EQ(test::canonical_dump(parts->rest_json), expected.rest) << body;
      ASSERT_EQ(parts->data.has_value(),
                expected.valid ? expected.data_given : parts->data.has_value());
      ASSERT_FALSE(expected.named_twice) << body;
      if (expected.valid && parts->data) {
        ASSERT_EQ(text_of(parts->data->view()), expected.plain) << body;
        ++siphoned;
      }
    } else {
      ASSERT_TRUE(!expected.valid || expected.named_twice ||
                  (expected.data_given && !expected.plain))
          << body << ": " << parts.error().message();
    }
  }
  EXPECT_GT(siphoned, 500U) << "the documents no longer reach what this test is for";
}

}  // namespace
}  // namespace mayfly::intake
