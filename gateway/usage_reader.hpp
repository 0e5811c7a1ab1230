// What a provider's reply says of itself: which model wrote it, why it stopped, what it cost.
//
// Source    Anthropic Messages and Messages streaming; OpenAI Chat Completions and Responses, plain
//           and streamed.
// Shapes    Numbers are the provider's own; what it does not say is absent, never guessed. Numbers
//           below zero or past tokens_max count as not said. Extra members are passed over.
// Errors    None: a reply that cannot be read says nothing, and is not complete.
// Threads   Plain values; one StreamFacts, one thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/endpoint.hpp"
#include "gateway/json_view.hpp"
#include "gateway/sse_reader.hpp"

namespace mayfly::gateway {

inline constexpr std::int64_t tokens_max = 1'000'000'000'000;  // in one reply
inline constexpr std::size_t fact_bytes_max = 256;             // of one name: longer ones are cut

struct TokenUsage {
  std::int64_t input = 0;  // all that was read, cached or not
  std::int64_t output = 0;
  std::int64_t cache_read = 0;   // of `input`
  std::int64_t cache_write = 0;  // of `input`
  std::int64_t reasoning = 0;    // of `output`
  std::int64_t total() const { return input + output; }
  bool operator==(const TokenUsage&) const = default;
};

struct ReplyFacts {
  std::string model;
  std::string stop_reason;
  std::string error_type;
  std::optional<TokenUsage> usage;
  std::int64_t tool_calls = 0;
  bool complete = false;  // it ended as its language says it ends
};

// A name from outside as it may be written down: short, and printable ASCII.
std::string plain_fact(std::string_view text);

ReplyFacts read_reply(Wire wire, std::string_view body);
// "overloaded_error", "rate_limit_exceeded": the type of an error reply; empty if it has none.
std::string read_error_type(std::string_view body);

class StreamFacts {
 public:
  explicit StreamFacts(Wire wire) : wire_(wire) {}
  void take(const SseEvent& event);
  const ReplyFacts& facts() const { return facts_; }
  // The event that only tells the usage of a chat stream: a job that did not ask does not get it.
  static bool is_usage_only(const SseEvent& event);
  // The call has failed: what is told is the provider's, and not an answer.
  static bool tells_error(const SseEvent& event);

 private:
  void take_anthropic(const JsonView& data);
  void take_chat(const JsonView& data);
  void take_responses(const JsonView& data);

  Wire wire_;
  ReplyFacts facts_;
};

}  // namespace mayfly::gateway
