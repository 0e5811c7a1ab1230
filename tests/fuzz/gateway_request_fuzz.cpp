// What a job sends, whatever it is: its end is where it is however it is split, and what leaves is
// JSON with the bounds that were granted, and changed in nothing else.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "gateway/call_rules.hpp"
#include "gateway/json_view.hpp"
#include "gateway/message_reader.hpp"

namespace {

using namespace mayfly;
using namespace mayfly::gateway;

constexpr std::uint64_t body_bytes_max = 4096;

void require(bool holds) {
  if (!holds) std::abort();
}

class Pieces final : public ByteStream {
 public:
  Pieces(std::string_view text, std::size_t size) : text_(text), size_(size) {}
  Result<std::size_t> read(std::span<std::uint8_t> into) override {
    const std::size_t count = std::min({size_, text_.size(), into.size()});
    std::copy_n(text_.begin(), count, into.begin());
    text_.remove_prefix(count);
    return count;
  }
  Result<void> write(ByteView) override { return {}; }

 private:
  std::string_view text_;
  std::size_t size_;
};

Result<std::string> read(std::string_view text, std::size_t piece, RequestHead& head) {
  Pieces stream(text, piece);
  MessageReader reader(stream);
  TRY(const auto head_text, reader.take_head());
  if (!head_text) return fail(ErrorCode::malformed, "nothing");
  TRY(head, parse_request_head(*head_text));
  CHECK_OK(reader.begin_body(head, body_bytes_max));
  TRY(std::string body, reader.take_whole_body());
  require(body.size() <= body_bytes_max);
  return body;
}

void check_body(const Endpoint& endpoint, std::string_view body) {
  const auto call = check_call(endpoint, body, {});
  if (!call) return;
  const std::string out = outgoing_body(endpoint, body, *call, 3);
  const auto json = JsonView::parse(out);
  require(json.has_value());
  require(json->string_member("model") == call->model);
  // Sent on as it is, it is accepted again, and nothing is left to change.
  const auto again = check_call(endpoint, out, {});
  require(again.has_value());
  if (endpoint.operation != Operation::generate) {
    require(out == body);
    return;
  }
  require(again->output_tokens_asked == 3);
  require(outgoing_body(endpoint, out, *again, 3) == out);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(ByteView(data, size));
  RequestHead whole_head;
  RequestHead single_head;
  const auto whole = read(text, text.size() + 1, whole_head);
  const auto single = read(text, 1, single_head);
  require(whole.has_value() == single.has_value());
  if (whole) require(*whole == *single && whole_head.path == single_head.path);
  constexpr std::array paths = {"/v1/messages", "/v1/messages/count_tokens", "/v1/chat/completions",
                                "/v1/responses"};
  for (const std::string_view path : paths) {
    const auto endpoint = find_endpoint("POST", path, Dialect::openai);
    check_body(*endpoint, text);
    if (whole) check_body(*endpoint, *whole);
  }
  return 0;
}
