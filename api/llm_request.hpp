// "sandbox.llm" of a request: which model, with whose key, and for how much.
//
// Shapes    {"provider", "model", "prompt", "api_key", "budget": {...}}. Without "provider" it is
//           the one whose models are named so ("claude...", "gpt..."). A request names a provider
//           and never an address: where its data goes is for whoever runs the server to say.
// Errors    Field faults; the key is never part of one.
// Threads   Pure functions.
#pragma once
#include <map>
#include <string>

#include "api/request_fields.hpp"
#include "pipeline/execute.hpp"

namespace mayfly::api {

// Name -> URL, beside "anthropic" and "openai", which it may also replace.
using LlmEndpoints = std::map<std::string, std::string>;

void read_llm(Fields& sandbox, FieldFaults& faults, const LlmEndpoints& endpoints,
              pipeline::ExecutionRequest& out);

}  // namespace mayfly::api
