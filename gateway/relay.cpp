#include "gateway/relay.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "gateway/call_rules.hpp"
#include "gateway/key_scrub.hpp"
#include "gateway/message_reader.hpp"
#include "gateway/outgoing_head.hpp"
#include "gateway/refusal.hpp"
#include "gateway/sse_reader.hpp"

namespace mayfly::gateway {
namespace {

using std::chrono::system_clock;

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             system_clock::now().time_since_epoch())
      .count();
}

// "Bearer" is compared without case, as RFC 9110 section 11.1 has it.
std::string_view bearer_of(std::string_view value) {
  constexpr std::string_view scheme = "bearer ";
  if (value.size() < scheme.size()) return {};
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    if ((value[i] | 0x20) != scheme[i] && value[i] != scheme[i]) return {};
  }
  return value.substr(scheme.size());
}

// In time that does not depend on where the two differ.
bool is_token(std::string_view shown, std::string_view token) {
  const crypto::Sha256 a = crypto::sha256(bytes_of(shown));
  const crypto::Sha256 b = crypto::sha256(bytes_of(token));
  std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.bytes.size(); ++i)
    difference = static_cast<std::uint8_t>(difference | (a.bytes[i] ^ b.bytes[i]));
  return difference == 0;
}

bool is_passed_back(std::string_view name) {
  constexpr std::array passed = {
      std::string_view("content-type"),   std::string_view("request-id"),
      std::string_view("x-request-id"),   std::string_view("retry-after"),
      std::string_view("retry-after-ms"), std::string_view("x-should-retry")};
  return std::ranges::find(passed, name) != passed.end() ||
         name.starts_with("anthropic-ratelimit-") || name.starts_with("x-ratelimit-");
}

std::string head_text(int status, const std::vector<Header>& headers, std::string_view framing) {
  std::string head = "HTTP/1.1 " + std::to_string(status) + " \r\n";
  for (const Header& header : headers) head += header.name + ": " + header.value + "\r\n";
  return head + std::string(framing) + "\r\n\r\n";
}

Result<void> write_text(ByteStream& to, std::string_view text) {
  return to.write(bytes_of(text));
}

Result<void> write_whole(ByteStream& job, int status, const std::vector<Header>& headers,
                         std::string_view body) {
  return write_text(job,
                    head_text(status, headers, "content-length: " + std::to_string(body.size())) +
                        std::string(body));
}

Result<void> write_chunk(ByteStream& job, std::string_view bytes) {
  if (bytes.empty()) return {};
  std::array<char, 20> size{};
  const int length = std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
  std::string chunk(size.data(), static_cast<std::size_t>(length));
  chunk.append(bytes);
  return write_text(job, chunk + "\r\n");
}

// What a run that is over budget, or asks for what it may not, is told. Trying again is useless.
Result<void> write_refusal(ByteStream& job, const Refusal& refusal, Wire wire) {
  const RefusalReply reply = to_reply(refusal, wire);
  std::vector<Header> headers = {{"content-type", "application/json"}};
  if (refusal.kind != RefusalKind::provider_failed) headers.push_back({"x-should-retry", "false"});
  return write_whole(job, reply.status, headers, reply.body);
}

// One request and its reply.
class Call {
 public:
  Call(ByteStream& job, Gate& gate, const RequestHead& head, const Endpoint& endpoint)
      : job_(job), gate_(gate), head_(head), endpoint_(endpoint) {
    record_.wire = endpoint.wire;
    record_.operation = endpoint.operation;
    record_.started_us = now_us();
    const auto version = head.header("anthropic-version");
    if (version) record_.api_version = plain_fact(*version);
  }

  // Whether the connection can go on.
  Result<void> answer(std::string_view body);
  Result<void> refuse(const Refusal& refusal);

 private:
  std::expected<CheckedCall, Refusal> admit(std::string_view body);
  Result<void> exchange(const CheckedCall& call, std::string_view body);
  Result<void> pass_back(const CheckedCall& call, MessageReader& reader, const ResponseHead& head);
  Result<void> pass_whole(MessageReader& reader, const ResponseHead& head);
  Result<void> pass_error(MessageReader& reader, const ResponseHead& head);
  Result<void> pass_stream(const CheckedCall& call, MessageReader& reader,
                           const ResponseHead& head);
  Result<void> pass_event(const CheckedCall& call, const SseEvent& event);
  void take_head(const ResponseHead& head);
  void take_facts(const ReplyFacts& facts);
  void hash_reply(crypto::Sha256Hasher hasher);
  void settle();
  std::vector<Header> headers_of(const ResponseHead& head) const;
  void write_down();

  ByteStream& job_;
  Gate& gate_;
  const RequestHead& head_;
  const Endpoint& endpoint_;
  CallRecord record_;
  Reservation reserved_;
  bool provider_refused_ = false;
  bool settled_ = false;
};

void Call::write_down() {
  record_.ended_us = now_us();
  gate_.log.add(record_);
}

Result<void> Call::refuse(const Refusal& refusal) {
  const RefusalReply reply = to_reply(refusal, endpoint_.wire);
  record_.status = reply.status;
  record_.error_type = type_of(refusal, endpoint_.wire);
  record_.refused = refusal.code;
  write_down();
  return write_refusal(job_, refusal, endpoint_.wire);
}

std::expected<CheckedCall, Refusal> Call::admit(std::string_view body) {
  auto call = check_call(endpoint_, body, gate_.settings.models);
  if (!call) return call;
  record_.model_asked = plain_fact(call->model);
  record_.tools_offered = call->tools_offered;
  record_.streamed = call->delivery == Delivery::streamed;
  auto asked = call->output_tokens_asked;
  if (asked) asked = std::min(*asked, budget_value_max) * call->choices;
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - gate_.started);
  auto decided =
      gate_.budget.reserve(static_cast<std::int64_t>(body.size()), asked, elapsed.count());
  if (const auto* over = std::get_if<OverBudget>(&decided)) {
    const std::string limit(over->limit);
    return std::unexpected(
        Refusal{RefusalKind::over_budget, "budget_exceeded." + limit,
                "this run may not spend more on models: its limit of " + limit +
                    " is reached; submit it again with a higher limit if it needs more"});
  }
  reserved_ = std::get<Reservation>(decided);
  return call;
}

Result<void> Call::answer(std::string_view body) {
  const auto call = admit(body);
  if (!call) return refuse(call.error());
  const std::int64_t per_answer =
      std::max<std::int64_t>(1, reserved_.output_tokens / call->choices);
  const std::string outgoing = outgoing_body(endpoint_, body, *call, per_answer);
  record_.prompt_hash = crypto::sha256(bytes_of(outgoing));
  record_.bytes_up = static_cast<std::int64_t>(outgoing.size());
  record_.host = gate_.pool.upstream().authority();
  const auto done = exchange(*call, outgoing);
  if (!done && record_.status == 0) {
    // Nothing has been answered yet, so the reason can still be told.
    provider_refused_ = true;
    settle();
    return refuse({RefusalKind::provider_failed, "provider_failed", done.error().message()});
  }
  if (!done && record_.error_type.empty()) record_.error_type = "cut";
  settle();
  write_down();
  return done;
}

Result<void> Call::exchange(const CheckedCall& call, std::string_view body) {
  TRY(auto provider, gate_.pool.take());
  record_.tls_key = provider->tls_key();
  TRY(const OutgoingHead head,
      OutgoingHead::compose(endpoint_, head_, gate_.pool.upstream(), gate_.key, body.size()));
  CHECK_OK(provider->write(head.view()));
  CHECK_OK(write_text(*provider, body));
  MessageReader reader(*provider);
  ResponseHead reply;
  do {
    TRY(const auto text, reader.take_head());
    if (!text) return fail(ErrorCode::unavailable, "the provider closed without an answer");
    TRY(reply, parse_response_head(*text));
  } while (reply.status < 200);
  record_.first_byte_us = now_us();
  CHECK_OK(reader.begin_body(reply, reply_bytes_max));
  CHECK_OK(pass_back(call, reader, reply));
  if (reply.afterwards == Afterwards::keep_open) gate_.pool.give_back(std::move(provider));
  return {};
}

void Call::take_head(const ResponseHead& head) {
  record_.status = head.status;
  for (const std::string_view name : {"request-id", "x-request-id"}) {
    if (const auto id = head.header(name)) record_.request_id = plain_fact(*id);
  }
}

std::vector<Header> Call::headers_of(const ResponseHead& head) const {
  std::vector<Header> headers;
  for (const Header& header : head.headers) {
    if (is_passed_back(header.name)) headers.push_back(header);
  }
  return headers;
}

void Call::take_facts(const ReplyFacts& facts) {
  record_.model_served = facts.model;
  record_.stop_reason = facts.stop_reason;
  record_.usage = facts.usage;
  record_.tool_calls = facts.tool_calls;
  record_.complete = facts.complete;
  if (!facts.error_type.empty()) record_.error_type = facts.error_type;
}

void Call::hash_reply(crypto::Sha256Hasher hasher) {
  const crypto::Sha256 digest = std::move(hasher).finish();
  record_.reply_hash = crypto::hmac_sha256(gate_.settings.disclosure_key.view(), digest.view());
}

// Before the job has the last of the reply: its next call must find the budget as it is.
void Call::settle() {
  if (std::exchange(settled_, true)) return;
  if (provider_refused_ || endpoint_.operation != Operation::generate) {
    gate_.budget.release(reserved_);
  } else {
    gate_.budget.settle(reserved_, record_.complete ? record_.usage : std::nullopt);
  }
}

Result<void> Call::pass_back(const CheckedCall& call, MessageReader& reader,
                             const ResponseHead& head) {
  const std::string_view type = head.header("content-type").value_or("");
  if (head.status < 200 || head.status > 299) return pass_error(reader, head);
  if (type.starts_with("text/event-stream")) return pass_stream(call, reader, head);
  return pass_whole(reader, head);
}

Result<void> Call::pass_whole(MessageReader& reader, const ResponseHead& head) {
  TRY(const std::string body, reader.take_whole_body());
  take_head(head);
  record_.bytes_down = static_cast<std::int64_t>(body.size());
  crypto::Sha256Hasher hasher;
  hasher.update(bytes_of(body));
  hash_reply(std::move(hasher));
  take_facts(read_reply(endpoint_.wire, body));
  settle();
  return write_whole(job_, head.status, headers_of(head), body);
}

// A redirect is an error, too: the key goes to one host.
Result<void> Call::pass_error(MessageReader& reader, const ResponseHead& head) {
  TRY(const std::string body, reader.take_whole_body());
  if (body.size() > error_reply_bytes_max) {
    return fail(ErrorCode::limit, "the provider's error is longer than is accepted");
  }
  provider_refused_ = true;
  take_head(head);
  record_.bytes_down = static_cast<std::int64_t>(body.size());
  record_.error_type = read_error_type(body);
  record_.complete = true;
  settle();
  std::vector<Header> headers = headers_of(head);
  for (Header& header : headers) header.value = scrub_key(header.value, gate_.key.view());
  return write_whole(job_, head.status, headers, scrub_key(body, gate_.key.view()));
}

Result<void> Call::pass_event(const CheckedCall& call, const SseEvent& event) {
  if (call.usage_event == UsageEvent::added && StreamFacts::is_usage_only(event)) return {};
  if (StreamFacts::tells_error(event)) {
    return write_chunk(job_, scrub_key(event.raw, gate_.key.view()));
  }
  return write_chunk(job_, event.raw);
}

// Each event leaves as soon as its last line is here.
Result<void> Call::pass_stream(const CheckedCall& call, MessageReader& reader,
                               const ResponseHead& head) {
  take_head(head);
  CHECK_OK(
      write_text(job_, head_text(head.status, headers_of(head), "transfer-encoding: chunked")));
  crypto::Sha256Hasher hasher;
  StreamFacts facts(endpoint_.wire);
  SseReader events;
  const auto take = [&](const SseEvent& event) {
    facts.take(event);
    return pass_event(call, event);
  };
  const auto pass_all = [&]() -> Result<void> {
    for (;;) {
      TRY(const std::string_view piece, reader.take_body());
      if (piece.empty()) return {};
      record_.bytes_down += static_cast<std::int64_t>(piece.size());
      hasher.update(bytes_of(piece));
      CHECK_OK(events.feed(piece, take));
    }
  };
  const auto passed = pass_all();
  hash_reply(std::move(hasher));
  take_facts(facts.facts());
  settle();
  if (!passed) return passed;
  if (events.is_inside_event() || !record_.complete) {
    // Cut, though the connection ended well: without the last chunk the job's library sees it, too.
    return fail(ErrorCode::unavailable, "the provider's stream ended before it was complete");
  }
  return write_text(job_, "0\r\n\r\n");
}

// --- connections ---

std::optional<Refusal> check_token(const RequestHead& head, const Settings& settings) {
  const auto bearer = head.header("authorization");
  const auto key = head.header("x-api-key");
  const std::string_view shown = bearer ? bearer_of(*bearer) : key.value_or("");
  if (is_token(shown, settings.run_token)) return std::nullopt;
  return Refusal{RefusalKind::unauthorized, "no_run_token",
                 "show this run's token as the API key; it is in ANTHROPIC_API_KEY and "
                 "OPENAI_API_KEY of the job's environment"};
}

Dialect dialect_of(const RequestHead& head) {
  return head.header("anthropic-version") ? Dialect::anthropic : Dialect::openai;
}

Endpoint unknown_endpoint(const RequestHead& head) {
  return {"", "", dialect_of(head) == Dialect::anthropic ? Wire::anthropic : Wire::openai_chat,
          Operation::list_models};
}

std::expected<Endpoint, Refusal> endpoint_of(const RequestHead& head, const Settings& settings) {
  const auto endpoint = find_endpoint(head.method, head.path, dialect_of(head));
  if (!endpoint) {
    return std::unexpected(
        Refusal{RefusalKind::not_found, "no_endpoint",
                "nothing of that name is let out; there are POST /v1/messages, "
                "/v1/messages/count_tokens, /v1/chat/completions and /v1/responses, and GET "
                "/v1/models"});
  }
  const bool spoken = std::ranges::find(settings.wires, endpoint->wire) != settings.wires.end() ||
                      endpoint->operation == Operation::list_models;
  if (!spoken) {
    return std::unexpected(Refusal{RefusalKind::not_found, "no_endpoint",
                                   "the provider of this run is not asked in this language"});
  }
  return *endpoint;
}

Result<std::string> take_request_body(SocketStream& job, MessageReader& reader,
                                      const RequestHead& head) {
  CHECK_OK(reader.begin_body(head, request_body_bytes_max));
  if (head.header("expect")) CHECK_OK(write_text(job, "HTTP/1.1 100 Continue\r\n\r\n"));
  return reader.take_whole_body();
}

Result<void> serve_request(SocketStream& job, Gate& gate, MessageReader& reader,
                           const RequestHead& head) {
  const auto endpoint = endpoint_of(head, gate.settings);
  const Endpoint asked = endpoint ? *endpoint : unknown_endpoint(head);
  Call call(job, gate, head, asked);
  const auto body = take_request_body(job, reader, head);
  if (!body) {
    const auto kind =
        body.error().code() == ErrorCode::limit ? RefusalKind::too_large : RefusalKind::bad_request;
    CHECK_OK(call.refuse({kind, "bad_body", body.error().message()}));
    // What comes next is the rest of this body, not the next request.
    return std::unexpected(body.error());
  }
  if (const auto refusal = check_token(head, gate.settings)) return call.refuse(*refusal);
  if (!endpoint) return call.refuse(endpoint.error());
  return call.answer(*body);
}

}  // namespace

void serve_connection(SocketStream& job, Gate& gate) {
  MessageReader reader(job);
  for (;;) {
    const auto text = reader.take_head();
    if (!text || !*text) return;
    const auto head = parse_request_head(**text);
    if (!head) {
      static_cast<void>(
          write_refusal(job, {RefusalKind::bad_request, "bad_request", head.error().message()},
                        Wire::openai_chat));
      return;
    }
    if (!gate.log.take_place()) return;
    const auto served = serve_request(job, gate, reader, *head);
    if (!served) return job.end_gently();
    if (head->afterwards == Afterwards::close) return;
  }
}

}  // namespace mayfly::gateway
