#include "pipeline/model_access.hpp"

#include <algorithm>

#include "gateway/call_rules.hpp"
#include "gateway/gateway.hpp"
#include "gateway/upstream.hpp"
#include "pipeline/agent.hpp"
#include "pipeline/utf8_text.hpp"

namespace mayfly::pipeline {
namespace {

using gateway::Wire;

}  // namespace

Result<ModelAccess> model_access_of(std::string_view provider_or_url) {
  ModelAccess access;
  if (provider_or_url == "anthropic") {
    access.url = "https://api.anthropic.com";
    access.wires = {Wire::anthropic};
  } else if (provider_or_url == "openai") {
    access.url = "https://api.openai.com";
    access.wires = {Wire::openai_chat, Wire::openai_responses};
  } else {
    TRY([[maybe_unused]] const gateway::Upstream checked,
        gateway::parse_upstream(provider_or_url, ""));
    access.url = provider_or_url;
    access.wires = {Wire::anthropic, Wire::openai_chat, Wire::openai_responses};
  }
  return access;
}

Result<void> check_model_access(const ModelAccess& access) {
  CHECK_OK(gateway::parse_upstream(access.url, access.ca_file));
  CHECK_OK(gateway::check_budget(access.budget));
  if (access.model.size() > gateway::model_bytes_max || !is_utf8(access.model)) {
    return fail(ErrorCode::malformed, "the model's name must be UTF-8 of at most " +
                                          std::to_string(gateway::model_bytes_max) +
                                          " bytes (model_bytes_max)");
  }
  if (access.key && access.key->view().size() > gateway::key_bytes_max) {
    return fail(ErrorCode::limit, "the model's API key: at most " +
                                      std::to_string(gateway::key_bytes_max) +
                                      " bytes are accepted (key_bytes_max)");
  }
  if (access.prompt.empty()) return {};
  if (access.prompt.size() > prompt_bytes_max || !is_utf8(access.prompt)) {
    return fail(ErrorCode::malformed, "the prompt must be UTF-8 of at most " +
                                          std::to_string(prompt_bytes_max) +
                                          " bytes (prompt_bytes_max)");
  }
  if (access.model.empty()) {
    return fail(ErrorCode::malformed, "an agent needs a model: name one beside the prompt");
  }
  return {};
}

std::vector<std::string> model_environment() {
  const std::string url = "http://127.0.0.1:" + std::to_string(gateway::job_port);
  const std::string token(run_token_shown);
  return {"ANTHROPIC_API_KEY=" + token, "ANTHROPIC_BASE_URL=" + url, "OPENAI_API_KEY=" + token,
          "OPENAI_BASE_URL=" + url + "/v1"};
}

executor::SandboxSpec with_run_token(const executor::SandboxSpec& spec, std::string_view token) {
  executor::SandboxSpec ready = spec;
  for (std::string& entry : ready.environment) {
    for (const std::string_view name : {"ANTHROPIC_API_KEY=", "OPENAI_API_KEY="}) {
      if (entry.starts_with(name)) entry = std::string(name) + std::string(token);
    }
  }
  return ready;
}

certificate::LlmAccess describe_model_access(const ModelAccess& access) {
  const gateway::BudgetLimits& budget = access.budget;
  const gateway::CostLimit cost = budget.cost.value_or(gateway::CostLimit{});
  return {.endpoint = access.url,
          .calls = budget.calls,
          .input_tokens = budget.input_tokens,
          .output_tokens = budget.output_tokens,
          .output_tokens_per_call = budget.output_tokens_per_call,
          .total_tokens = budget.total_tokens,
          .wall_ms = budget.wall_ms,
          .cost_microusd = cost.cost_microusd,
          .input_price = cost.input_microusd_per_million_tokens,
          .output_price = cost.output_microusd_per_million_tokens};
}

}  // namespace mayfly::pipeline
