// The requests that may leave a run: by method and path, and the language they are written in.
//
// Source    Anthropic API reference, Messages; OpenAI API reference, Chat Completions, Responses.
// Threads   Plain values and pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace mayfly::gateway {

// How a call is written, and so where its model, bounds, usage and errors are found.
enum class Wire : std::uint8_t { anthropic, openai_chat, openai_responses };
std::string_view to_string(Wire wire);  // "anthropic", "openai-chat", "openai-responses"
std::optional<Wire> wire_of(std::string_view name);

// What a call does: `generate` makes a model write, the others make nobody write anything.
enum class Operation : std::uint8_t { generate, count_tokens, list_models };
std::string_view to_string(Operation operation);
std::optional<Operation> operation_of(std::string_view name);

struct Endpoint {
  std::string_view method;
  std::string_view path;
  Wire wire;
  Operation operation;
};

// Absent: nothing of that name may leave. Models are listed in either language by one path, so it
// depends on what the request looks like: `anthropic` when it has an anthropic-version header.
enum class Dialect : std::uint8_t { anthropic, openai };
std::optional<Endpoint> find_endpoint(std::string_view method, std::string_view path,
                                      Dialect dialect);

}  // namespace mayfly::gateway
