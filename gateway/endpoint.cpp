#include "gateway/endpoint.hpp"

#include <array>

namespace mayfly::gateway {
namespace {

constexpr std::array endpoints = {
    Endpoint{"POST", "/v1/messages", Wire::anthropic, Operation::generate},
    Endpoint{"POST", "/v1/messages/count_tokens", Wire::anthropic, Operation::count_tokens},
    Endpoint{"POST", "/v1/chat/completions", Wire::openai_chat, Operation::generate},
    Endpoint{"POST", "/v1/responses", Wire::openai_responses, Operation::generate},
};

}  // namespace

std::string_view to_string(Wire wire) {
  switch (wire) {
    case Wire::anthropic: return "anthropic";
    case Wire::openai_chat: return "openai-chat";
    case Wire::openai_responses: return "openai-responses";
  }
  return "anthropic";
}

std::optional<Wire> wire_of(std::string_view name) {
  for (const Wire wire : {Wire::anthropic, Wire::openai_chat, Wire::openai_responses}) {
    if (to_string(wire) == name) return wire;
  }
  return std::nullopt;
}

std::string_view to_string(Operation operation) {
  switch (operation) {
    case Operation::generate: return "generate";
    case Operation::count_tokens: return "count-tokens";
    case Operation::list_models: return "list-models";
  }
  return "generate";
}

std::optional<Operation> operation_of(std::string_view name) {
  for (const Operation one :
       {Operation::generate, Operation::count_tokens, Operation::list_models}) {
    if (to_string(one) == name) return one;
  }
  return std::nullopt;
}

std::optional<Endpoint> find_endpoint(std::string_view method, std::string_view path,
                                      Dialect dialect) {
  for (const Endpoint& endpoint : endpoints) {
    if (endpoint.method == method && endpoint.path == path) return endpoint;
  }
  if (method == "GET" && path == "/v1/models") {
    return Endpoint{"GET", "/v1/models",
                    dialect == Dialect::anthropic ? Wire::anthropic : Wire::openai_chat,
                    Operation::list_models};
  }
  return std::nullopt;
}

}  // namespace mayfly::gateway
