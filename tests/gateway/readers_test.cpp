// Heads, bodies, streams and what they say, from bytes that come in any pieces.
#include <gtest/gtest.h>

#include "gateway/message_reader.hpp"
#include "gateway/sse_reader.hpp"
#include "gateway/usage_reader.hpp"

namespace mayfly::gateway {
namespace {

// Gives a text in pieces of a fixed size, then ends.
class Pieces final : public ByteStream {
 public:
  Pieces(std::string_view text, std::size_t size) : text_(text), size_(size) {}
  Result<std::size_t> read(std::span<std::uint8_t> into) override {
    const std::size_t count = std::min({size_, text_.size(), into.size()});
    std::copy_n(text_.begin(), count, into.begin());
    text_.remove_prefix(count);
    return count;
  }
  Result<void> write(ByteView) override { return fail(ErrorCode::internal, "only for reading"); }

 private:
  std::string_view text_;
  std::size_t size_;
};

TEST(GatewayHead, ReadsARequest) {
  const auto head = parse_request_head(
      "POST /v1/messages?beta=true HTTP/1.1\r\nHost: x\r\nX-Api-Key:  k \r\n"
      "Transfer-Encoding: chunked\r\nConnection: Close\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->path, "/v1/messages");
  EXPECT_EQ(head->header("x-api-key"), "k");
  EXPECT_EQ(head->framing, Framing::chunked);
  EXPECT_EQ(head->afterwards, Afterwards::close);
}

TEST(GatewayHead, HoldsAtItsBoundsAndPast) {
  const auto lines = [](std::size_t count) {
    std::string text = "GET / HTTP/1.1\r\n";
    for (std::size_t i = 0; i < count; ++i) text += "a: b\r\n";
    return text + "\r\n";
  };
  EXPECT_TRUE(parse_request_head(lines(head_lines_max)));
  EXPECT_FALSE(parse_request_head(lines(head_lines_max + 1)));
  const auto path = [](std::size_t size) {
    return "GET /" + std::string(size - 1, 'a') + " HTTP/1.1\r\n\r\n";
  };
  EXPECT_TRUE(parse_request_head(path(path_bytes_max)));
  EXPECT_FALSE(parse_request_head(path(path_bytes_max + 1)));
}

TEST(GatewayHead, RefusesWhatTwoReadersCouldReadDifferently) {
  for (const std::string_view lines :
       {"Content-Length: 1\r\nContent-Length: 1", "Content-Length: 1\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked", "Content-Length: +1", "Content-Length: 0x1",
        "Content-Length: 99999999999999999999", "a\x01: b", "a: \x01", " folded: x", ": x", "a : b",
        "no colon", "a: b\nc: d"}) {
    EXPECT_FALSE(parse_request_head("POST / HTTP/1.1\r\n" + std::string(lines) + "\r\n\r\n"))
        << lines;
    EXPECT_FALSE(parse_response_head("HTTP/1.1 200 OK\r\n" + std::string(lines) + "\r\n\r\n"))
        << lines;
  }
}

TEST(GatewayHead, ReadsReplies) {
  EXPECT_EQ(parse_response_head("HTTP/1.1 529 \r\n\r\n")->status, 529);
  EXPECT_EQ(parse_response_head("HTTP/1.1 200\r\n\r\n")->framing, Framing::until_close);
  EXPECT_EQ(parse_response_head("HTTP/1.1 204 No\r\n\r\n")->framing, Framing::none);
  EXPECT_FALSE(parse_response_head("HTTP/2 200 OK\r\n\r\n"));
  EXPECT_FALSE(parse_response_head("HTTP/1.1 20 OK\r\n\r\n"));
  EXPECT_FALSE(parse_response_head("HTTP/1.1 2000 OK\r\n\r\n"));
}

Result<std::string> body_of(std::string_view text, std::size_t piece, std::uint64_t most) {
  Pieces stream(text, piece);
  MessageReader reader(stream);
  TRY(const auto text_head, reader.take_head());
  TRY(const ResponseHead head, parse_response_head(*text_head));
  CHECK_OK(reader.begin_body(head, most));
  return reader.take_whole_body();
}

// Goal: where a body ends does not depend on how it comes. Method: every size of piece.
TEST(GatewayBody, IsTheSameInEveryPiece) {
  const std::string_view chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n"
      "x: y\r\n\r\nrest";
  const std::string_view sized = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcderest";
  const std::string_view until_close = "HTTP/1.1 200 OK\r\n\r\nall of it";
  for (std::size_t piece = 1; piece < 90; ++piece) {
    EXPECT_EQ(body_of(chunked, piece, 13).value(), "abc0123456789");
    EXPECT_EQ(body_of(sized, piece, 5).value(), "abcde");
    EXPECT_EQ(body_of(until_close, piece, 9).value(), "all of it");
    EXPECT_FALSE(body_of(chunked, piece, 12));
    EXPECT_FALSE(body_of(sized, piece, 4));
    EXPECT_FALSE(body_of(until_close, piece, 8));
  }
}

TEST(GatewayBody, RefusesEveryTruncation) {
  const std::string_view chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  const std::size_t head = chunked.find("\r\n\r\n") + 4;
  for (std::size_t length = head; length < chunked.size(); ++length) {
    EXPECT_FALSE(body_of(chunked.substr(0, length), 7, 100)) << length;
  }
}

TEST(GatewayBody, RefusesChunksThatAreNone) {
  for (const std::string_view chunks :
       {"-1\r\n", "+1\r\na\r\n", " 1\r\na\r\n", "1;x\r\na\r\n", "\r\na\r\n", "1\r\nab\r\n0\r\n\r\n",
        "10000000000000000\r\n", "g\r\n"}) {
    const std::string text =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(chunks);
    EXPECT_FALSE(body_of(text, 100, 1000)) << chunks;
  }
}

std::vector<SseEvent> events_of(std::string_view text, std::size_t piece) {
  SseReader reader;
  std::vector<SseEvent> events;
  const auto take = [&](const SseEvent& event) -> Result<void> {
    events.push_back(event);
    return {};
  };
  for (std::size_t at = 0; at < text.size(); at += piece) {
    EXPECT_TRUE(reader.feed(text.substr(at, piece), take));
  }
  EXPECT_FALSE(reader.is_inside_event());
  return events;
}

TEST(SseReader, ReadsTheSameFromEveryPiece) {
  const std::string text =
      ": note\n\nevent: a\ndata: one\ndata:two\nid: 7\n\ndata:  spaced\r\n\r\ndata\n\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const auto events = events_of(text, piece);
    ASSERT_EQ(events.size(), 4U) << piece;
    EXPECT_EQ(events[0].data, "");
    EXPECT_EQ(events[1].name, "a");
    EXPECT_EQ(events[1].data, "one\ntwo");
    EXPECT_EQ(events[2].data, " spaced");
    std::string raw;
    for (const SseEvent& event : events) raw += event.raw;
    EXPECT_EQ(raw, text) << piece;
  }
}

TEST(SseReader, HandsAnEventOnWithTheByteThatEndsIt) {
  SseReader reader;
  int events = 0;
  const auto take = [&](const SseEvent&) -> Result<void> {
    ++events;
    return {};
  };
  ASSERT_TRUE(reader.feed("data: a\n", take));
  EXPECT_EQ(events, 0);
  EXPECT_TRUE(reader.is_inside_event());
  ASSERT_TRUE(reader.feed("\n", take));
  EXPECT_EQ(events, 1);
}

TEST(SseReader, RefusesAnEventPastItsBound) {
  SseReader reader;
  const auto take = [](const SseEvent&) -> Result<void> { return {}; };
  ASSERT_TRUE(reader.feed(std::string(sse_event_bytes_max, 'a'), take));
  const auto more = reader.feed("a", take);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code(), ErrorCode::limit);
}

TEST(ReadReply, NeverInventsUsage) {
  for (const std::string_view usage :
       {"null", "{}", "[]", R"({"input_tokens":-1,"output_tokens":-1})",
        R"({"input_tokens":"5","output_tokens":1.5})", R"({"prompt_tokens":1})",
        R"({"input_tokens":1000000000001})"}) {
    const std::string body = R"({"model":"m","usage":)" + std::string(usage) + "}";
    for (const Wire wire : {Wire::anthropic, Wire::openai_chat, Wire::openai_responses}) {
      EXPECT_FALSE(read_reply(wire, body).usage) << usage;
    }
  }
  EXPECT_FALSE(read_reply(Wire::anthropic, "not json").complete);
}

TEST(ReadReply, WritesDownNamesThatCannotHurt) {
  const auto facts = read_reply(Wire::anthropic,
                                R"({"model":"\u001b[31m\u0000é)" + std::string(1000, 'a') + "\"}");
  EXPECT_EQ(facts.model.size(), fact_bytes_max);
  EXPECT_TRUE(facts.model.starts_with("?[31m??"));
}

}  // namespace
}  // namespace mayfly::gateway
