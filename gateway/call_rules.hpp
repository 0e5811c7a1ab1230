// What a job may ask of a model, and what the request becomes before it leaves.
//
// Refused   What makes the provider act outside this run, fetch or keep something: hosted tools,
//           MCP servers, containers, stored files, addresses to fetch, conversations kept there,
//           work in the background, another model than the run was given.
// Changed   The bound on what is written (to what the budget grants), `store` (to false) and
//           `stream_options.include_usage` (to true). Everything else leaves as it came.
// Source    LLM APIs as in endpoint.hpp. Unknown tool types are refused: new ones are hosted ones.
// Errors    A Refusal, which names the member and none of its text.
// Threads   Pure functions.
#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/endpoint.hpp"
#include "gateway/refusal.hpp"

namespace mayfly::gateway {

inline constexpr std::size_t request_body_bytes_max = std::size_t{16} * 1024 * 1024;
inline constexpr std::size_t model_bytes_max = 256;
inline constexpr std::size_t tools_offered_max = 1024;
inline constexpr std::int64_t choices_max = 16;  // of one chat call

enum class Delivery : std::uint8_t { whole, streamed };
enum class UsageEvent : std::uint8_t { asked_for, added };  // of a chat stream

struct CheckedCall {
  std::string model;
  // Absent: the call names no bound, and would get the provider's own.
  std::optional<std::int64_t> output_tokens_asked;
  std::int64_t choices = 1;  // answers to write, each with that bound
  Delivery delivery = Delivery::whole;
  UsageEvent usage_event = UsageEvent::asked_for;
  std::int64_t tools_offered = 0;
};

// `models`: which may be asked for; empty: any.
std::expected<CheckedCall, Refusal> check_call(const Endpoint& endpoint, std::string_view body,
                                               const std::vector<std::string>& models);

// The body that leaves. `output_tokens`: the bound for one answer.
std::string outgoing_body(const Endpoint& endpoint, std::string_view body, const CheckedCall& call,
                          std::int64_t output_tokens);

}  // namespace mayfly::gateway
