// The small pure parts of the service: problems, negotiation, query parameters, pages.
#include "api/reply.hpp"

#include <gtest/gtest.h>

#include <set>

#include "api/execute_reply.hpp"
#include "api/json_out.hpp"
#include "api/query.hpp"
#include "certificate/canonical_json.hpp"
#include "web/page.hpp"

namespace mayfly::api {
namespace {

TEST(ProblemJson, HasTheMembersOfRfc9457AndIsCanonical) {
  const std::string text = problem_json(
      {ProblemKind::invalid_request, "no", {{"/sandbox/tools", "must be an array"}}}, "/execute");
  EXPECT_EQ(text,
            R"({"code":"invalid-request","detail":"no","errors":[{"detail":"must be an array",)"
            R"("pointer":"/sandbox/tools"}],"instance":"/execute","status":422,)"
            R"("title":"Invalid request","type":"urn:mayfly:problem:invalid-request"})");
  EXPECT_TRUE(certificate::check_canonical(bytes_of(text)));
}

TEST(ProblemJson, LeavesOutAnInstanceThatIsNotKnown) {
  const std::string text = problem_json({ProblemKind::malformed_request, "no"}, "");
  EXPECT_EQ(text.find("instance"), std::string::npos) << text;
  EXPECT_TRUE(certificate::check_canonical(bytes_of(text)));
}

TEST(ProblemJson, StaysJsonWhateverTheDetailHolds) {
  const std::string hostile("a\"b\\c\n\x80\0</script>", 17);
  const std::string text = problem_json({ProblemKind::internal, hostile}, hostile);
  EXPECT_TRUE(certificate::check_canonical(bytes_of(text))) << text;
}

TEST(Problem, MapsEachErrorCodeOnce) {
  const auto status = [](ErrorCode code) { return http_status(problem_of(Error(code, "")).kind); };
  EXPECT_EQ(status(ErrorCode::malformed), 422);
  EXPECT_EQ(status(ErrorCode::limit), 422);
  EXPECT_EQ(status(ErrorCode::rejected), 500);
  EXPECT_EQ(status(ErrorCode::unavailable), 503);
  EXPECT_EQ(status(ErrorCode::internal), 500);
  EXPECT_EQ(http_status(problem_of_body(Error(ErrorCode::malformed, "")).kind), 400);
  EXPECT_EQ(http_status(problem_of_body(Error(ErrorCode::limit, "")).kind), 413);
}

TEST(Problem, HasOneStableCodeForEachKind) {
  std::set<std::string_view> codes;
  for (int kind = 0; kind <= static_cast<int>(ProblemKind::unavailable); ++kind) {
    const auto one = static_cast<ProblemKind>(kind);
    EXPECT_TRUE(codes.insert(code(one)).second) << code(one);
    EXPECT_GE(http_status(one), 400);
    EXPECT_FALSE(title(one).empty());
  }
}

TEST(Negotiate, TakesTheBestAcceptableOffer) {
  const std::vector<std::string_view> offers = {json_media_type, html_media_type};
  EXPECT_EQ(negotiate("", offers), json_media_type);
  EXPECT_EQ(negotiate("*/*", offers), json_media_type);
  EXPECT_EQ(negotiate("text/html", offers), html_media_type);
  EXPECT_EQ(negotiate("text/*", offers), html_media_type);
  EXPECT_EQ(negotiate("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", offers),
            html_media_type);
  EXPECT_EQ(negotiate("text/html;q=0.5, application/json;q=0.6", offers), json_media_type);
  EXPECT_EQ(negotiate("application/json;q=0, */*", offers), html_media_type);
  EXPECT_EQ(negotiate("image/png", offers), "");
  EXPECT_EQ(negotiate("application/json;q=x", offers), "");
  EXPECT_EQ(negotiate(";;;,,,q=", offers), "");
}

TEST(OutputMember, IsTextIfItCanBeAndBase64IfNot) {
  const auto written = [](std::string_view output) {
    JsonOut json(reply_bounds);
    json.begin_object();
    output_member(json, "output", output);
    json.end_object();
    return std::move(json).finish().value();
  };
  EXPECT_EQ(written("a\"é"), R"({"output":"a\"é"})");
  EXPECT_EQ(written("\xff"), R"({"output":"/w==","output_encoding":"base64"})");
  EXPECT_EQ(written(std::string_view("\0\xfb\xff", 3)),
            R"({"output":"APv/","output_encoding":"base64"})");
}

Call with_query(std::multimap<std::string, std::string> query) {
  Call call;
  call.query = std::move(query);
  return call;
}

TEST(KeptTrace, IsWholeOrNotThere) {
  KeptTrace kept;
  kept.take("{}");
  kept.take("[]");
  EXPECT_EQ(kept.text(), "{}\n[]\n");
  const std::string rest(trace_reply_bytes_max - kept.text().size() - 1, 'x');
  kept.take(rest);
  EXPECT_EQ(kept.text().size(), trace_reply_bytes_max);
  EXPECT_FALSE(kept.is_too_long());
  kept.take("");
  EXPECT_TRUE(kept.is_too_long());
  EXPECT_EQ(kept.text(), "");
}

TEST(QueryReader, RefusesUnknownRepeatedAndMalformedParameters) {
  const auto refusal = [](const Call& call) {
    QueryReader reader(call);
    reader.hash("dataset_hash", "none");
    reader.count("limit");
    reader.time("since");
    const auto finished = reader.finish();
    return finished ? std::string() : finished.error().detail;
  };
  const std::string hash = "sha256:" + std::string(64, 'a');
  EXPECT_EQ(refusal(with_query({{"dataset_hash", hash}, {"limit", "5"}, {"since", "0"}})), "");
  EXPECT_EQ(refusal(with_query({{"dataset_hash", "none"}})), "");
  EXPECT_NE(refusal(with_query({{"datasethash", hash}})), "");
  EXPECT_NE(refusal(with_query({{"limit", "5"}, {"limit", "6"}})), "");
  EXPECT_NE(refusal(with_query({{"dataset_hash", hash + "a"}})), "");
  EXPECT_NE(refusal(with_query({{"dataset_hash", "sha256:" + std::string(64, 'A')}})), "");
  for (const char* limit : {"", "-1", "5x", " 5", "99999999999999999999999"}) {
    EXPECT_NE(refusal(with_query({{"limit", limit}})), "") << limit;
  }
  EXPECT_NE(refusal(with_query({{"since", "yesterday"}})), "");
}

TEST(ParseRfc3339Utc, ReadsWhatToRfc3339Writes) {
  for (const std::int64_t at : {std::int64_t{0}, std::int64_t{1'767'225'600'123},
                                std::int64_t{1'709'164'799'999}, std::int64_t{4'102'444'800'000}}) {
    EXPECT_EQ(parse_rfc3339_utc(to_rfc3339({at})), UnixMillis{at});
  }
  EXPECT_EQ(parse_rfc3339_utc("1970-01-01T00:00:01Z"), UnixMillis{1000});
}

TEST(ParseRfc3339Utc, RefusesEverythingElse) {
  for (const char* text :
       {"", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00+",
        "2026-01-01T00:00:00", "-026-01-01T00:00:00Z", "2026-01-01T00:00:00.12Z",
        "2026-01-01T-1:00:00Z", "2026-01-01T00:00:00,000Z"}) {
    EXPECT_FALSE(parse_rfc3339_utc(text)) << text;
  }
}

TEST(Page, EscapesEveryStringIntoInertText) {
  const std::string hostile = "<script>alert(1)</script>\" onload='x' &amp;";
  const std::string html =
      web::render({hostile, hostile, {{hostile, {{hostile, hostile, hostile}}}}});
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(html.find("onload='"), std::string::npos);
  EXPECT_EQ(html.find("\" onload"), std::string::npos);
}

TEST(Page, ShowsInvisibleAndReorderingCharactersAsNumbers) {
  EXPECT_EQ(web::escape("a\u202Eb"), "a[U+202E]b");
  EXPECT_EQ(web::escape("a\u200Bb"), "a[U+200B]b");
  EXPECT_EQ(web::escape("a\x1b[31m"), "a[U+001B][31m");
  EXPECT_EQ(web::escape(std::string_view("a\0b", 3)), "a[U+0000]b");
  EXPECT_EQ(web::escape("a\x80z"), "a\uFFFDz");
  EXPECT_EQ(web::escape("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(web::escape("é漢😀\n"), "é漢😀\n");
}

// The policy forbids inline script and style, so a page must not need either.
TEST(Page, NeedsNothingThatThePolicyForbids) {
  const std::string html = web::render({"t", "l", {{"h", {{"n", "v", "/x"}}}}});
  EXPECT_EQ(html.find("<style"), std::string::npos);
  EXPECT_EQ(html.find("style="), std::string::npos);
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_NE(html.find("href=\"/style.css\""), std::string::npos);
}

}  // namespace
}  // namespace mayfly::api
