#include "api/request_framing.hpp"

#include <gtest/gtest.h>

namespace mayfly::api {
namespace {

constexpr std::uint64_t body_max = 1000;

std::string head_with(std::string_view lines) {
  return "POST /execute HTTP/1.1\r\nHost: x\r\n" + std::string(lines) + "\r\n";
}

ProblemKind refusal(std::string_view head) {
  const auto checked = check_head(head, body_max);
  EXPECT_FALSE(checked) << head.substr(0, 200);
  return checked ? ProblemKind::internal : checked.error().kind;
}

TEST(CheckHead, ReadsMethodPathAndLength) {
  const auto head = check_head(
      "POST /v1/execute?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n", body_max);
  ASSERT_TRUE(head) << head.error().detail;
  EXPECT_EQ(head->method, "POST");
  EXPECT_EQ(head->path, "/v1/execute");
  EXPECT_EQ(head->body, RequestHead::Body::sized);
  EXPECT_EQ(head->content_length, 12U);
}

TEST(CheckHead, ReadsChunkedWhateverItsCase) {
  const auto head = check_head(head_with("transfer-ENCODING:  Chunked \r\n"), body_max);
  ASSERT_TRUE(head) << head.error().detail;
  EXPECT_EQ(head->body, RequestHead::Body::chunked);
}

TEST(CheckHead, TakesABodyAtTheBoundAndRefusesOnePastIt) {
  EXPECT_TRUE(check_head(head_with("Content-Length: 1000\r\n"), body_max));
  EXPECT_EQ(refusal(head_with("Content-Length: 1001\r\n")), ProblemKind::too_large);
  EXPECT_EQ(refusal(head_with("Content-Length: 9999999999999999999\r\n")), ProblemKind::too_large);
}

// Whatever two readers could understand differently is refused.
TEST(CheckHead, RefusesEveryAmbiguousFraming) {
  for (const std::string_view lines : {
           "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
           "Content-Length: 5\r\nContent-Length: 5\r\n",
           "Content-Length: 5\r\nContent-Length: 6\r\n",
           "Content-Length: 5, 5\r\n",
           "Content-Length: +5\r\n",
           "Content-Length: -5\r\n",
           "Content-Length: 0x5\r\n",
           "Content-Length: 5 5\r\n",
           "Content-Length:\r\n",
           "Content-Length: %35\r\n",
           "Content-Length: 99999999999999999999\r\n",
           "Transfer-Encoding: gzip, chunked\r\n",
           "Transfer-Encoding: identity\r\n",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: xchunked\r\n",
           "Transfer-Encoding : chunked\r\n",
           "Transfer-Encoding\t: chunked\r\n",
           " Content-Length: 5\r\n",
           "X: a\r\n folded\r\n",
           "X: a\nContent-Length: 5\r\n",
           "X: a\rb\r\n",
           "X\r\n",
           ": empty name\r\n",
       }) {
    EXPECT_EQ(refusal(head_with(lines)), ProblemKind::malformed_request) << lines;
  }
  EXPECT_EQ(refusal(head_with(std::string_view("X: a\0b\r\n", 8))), ProblemKind::malformed_request);
}

TEST(CheckHead, RefusesChunkedInHttp10) {
  EXPECT_EQ(refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
            ProblemKind::malformed_request);
}

TEST(CheckHead, RefusesACompressedBodyInEverySpelling) {
  for (const std::string_view lines :
       {"Content-Encoding: gzip\r\n", "content-encoding: br\r\n",
        "Content-Encoding: identity, gzip\r\n", "Content-Encoding: %67zip\r\n"}) {
    EXPECT_EQ(refusal(head_with(lines)), ProblemKind::unsupported_media_type) << lines;
  }
  // The HTTP library would take the first, this check the last.
  EXPECT_EQ(refusal(head_with("Content-Encoding: gzip\r\nContent-Encoding: identity\r\n")),
            ProblemKind::malformed_request);
  EXPECT_TRUE(check_head(head_with("Content-Encoding: identity\r\n"), body_max));
}

TEST(CheckHead, RefusesOtherExpectations) {
  EXPECT_TRUE(check_head(head_with("Expect: 100-continue\r\n"), body_max));
  EXPECT_EQ(refusal(head_with("Expect: the-unexpected\r\n")), ProblemKind::expectation_failed);
}

TEST(CheckHead, RefusesAMalformedRequestLine) {
  for (const std::string_view line :
       {"", "GET", "GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1",
        "GET x HTTP/1.1", "GET http://x/ HTTP/1.1", "GET * HTTP/1.1", "GET / HTTP/2.0",
        "GET / http/1.1", "G@T / HTTP/1.1", "GET /a b HTTP/1.1", "GET /\x80 HTTP/1.1",
        "GET /\tb HTTP/1.1"}) {
    EXPECT_EQ(refusal(std::string(line) + "\r\nHost: x\r\n\r\n"), ProblemKind::malformed_request)
        << line;
  }
}

TEST(CheckHead, WantsOneHost) {
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\n\r\n"), ProblemKind::malformed_request);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n"),
            ProblemKind::malformed_request);
  EXPECT_TRUE(check_head("GET / HTTP/1.0\r\n\r\n", body_max));
}

TEST(CheckHead, HoldsItsBounds) {
  const auto target = [](std::size_t bytes) {
    return "GET /" + std::string(bytes - 1, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n";
  };
  EXPECT_TRUE(check_head(target(target_bytes_max), body_max));
  EXPECT_EQ(refusal(target(target_bytes_max + 1)), ProblemKind::target_too_long);

  const auto line = [](std::size_t bytes) {
    return head_with("X: " + std::string(bytes - 3, 'a') + "\r\n");
  };
  EXPECT_TRUE(check_head(line(head_line_bytes_max), body_max));
  EXPECT_EQ(refusal(line(head_line_bytes_max + 1)), ProblemKind::head_too_large);

  const auto lines = [](std::size_t count) {
    std::string text;
    for (std::size_t i = 1; i < count; ++i) text += "X: a\r\n";  // Host is the first
    return head_with(text);
  };
  EXPECT_TRUE(check_head(lines(head_lines_max), body_max));
  EXPECT_EQ(refusal(lines(head_lines_max + 1)), ProblemKind::head_too_large);
}

TEST(CheckHead, RefusesEveryTruncation) {
  const std::string head = head_with("Content-Length: 5\r\nAccept: */*\r\n");
  ASSERT_TRUE(check_head(head, body_max));
  for (std::size_t length = 0; length < head.size(); ++length) {
    EXPECT_FALSE(check_head(head.substr(0, length), body_max)) << length;
  }
}

TEST(CheckHead, NeverQuotesTheRequest) {
  const auto checked = check_head(head_with("Content-Length: canary\r\n"), body_max);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().detail.find("canary"), std::string::npos);
}

// Feeds `body` in pieces of `piece` bytes; the problem, or nothing.
std::optional<Problem> feed(ChunkGuard& guard, std::string_view body, std::size_t piece) {
  while (!body.empty() && !guard.done()) {
    const auto accepted = guard.accept(body.substr(0, piece));
    if (!accepted) return accepted.error();
    body.remove_prefix(*accepted);
  }
  return std::nullopt;
}

TEST(ChunkGuard, AcceptsAWholeBodyHoweverItIsSplit) {
  const std::string_view body = "5\r\nhello\r\n0A\r\n0123456789\r\n0\r\n\r\n";
  for (std::size_t piece = 1; piece <= body.size(); ++piece) {
    ChunkGuard guard(100);
    EXPECT_FALSE(feed(guard, body, piece)) << piece;
    EXPECT_TRUE(guard.done()) << piece;
  }
}

TEST(ChunkGuard, StopsAtTheEndOfTheBody) {
  ChunkGuard guard(100);
  const auto accepted = guard.accept("0\r\n\r\nGET / HTTP/1.1");
  ASSERT_TRUE(accepted);
  EXPECT_EQ(*accepted, 5U);
  EXPECT_TRUE(guard.done());
  EXPECT_EQ(guard.accept("x").value(), 0U);
}

TEST(ChunkGuard, RefusesMalformedChunks) {
  for (const std::string_view body :
       {"\r\n", "-2\r\n", "+2\r\n", "0x2\r\n", " 2\r\n", "2 \r\n", "2;a=b\r\n", "g\r\n", "2\n",
        "2\rx", "2\r\nabX", "2\r\nab\rX", "0\r\nTrailer: x\r\n\r\n", "0\r\n\rX",
        "0000000000000001\r\na"}) {
    ChunkGuard guard(1'000'000);
    const auto problem = feed(guard, body, 64);
    ASSERT_TRUE(problem) << body;
    EXPECT_EQ(problem->kind, ProblemKind::malformed_request) << body;
  }
}

TEST(ChunkGuard, CountsAllChunksAgainstOneBound) {
  ChunkGuard at_bound(7);
  EXPECT_FALSE(feed(at_bound, "5\r\nhello\r\n2\r\nab\r\n0\r\n\r\n", 64));
  EXPECT_TRUE(at_bound.done());
  ChunkGuard past_bound(7);
  const auto problem = feed(past_bound, "5\r\nhello\r\n3\r\n", 64);
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->kind, ProblemKind::too_large);
}

TEST(ChunkGuard, RefusesASizeThatWouldOverflow) {
  ChunkGuard guard(~std::uint64_t{0});
  EXPECT_TRUE(feed(guard, "ffffffffffffffff\r\n", 64));
}

}  // namespace
}  // namespace mayfly::api
