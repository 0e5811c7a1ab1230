#include "api/llm_request.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "pipeline/agent.hpp"
#include "pipeline/model_access.hpp"

namespace mayfly::api {
namespace {

using nlohmann::json;
using pipeline::ModelAccess;

std::string known_providers(const LlmEndpoints& endpoints) {
  std::string names = "anthropic, openai";
  for (const auto& [name, url] : endpoints) {
    if (name != "anthropic" && name != "openai") names += ", " + name;
  }
  return names;
}

std::string provider_of_model(const std::string& model) {
  if (model.starts_with("claude")) return "anthropic";
  if (model.starts_with("gpt")) return "openai";
  return "";
}

std::optional<ModelAccess> access_of(Fields& llm, const LlmEndpoints& endpoints,
                                     const std::string& model) {
  const std::string* const named = llm.text("provider");
  const std::string provider = named != nullptr ? *named : provider_of_model(model);
  const auto endpoint = endpoints.find(provider);
  const bool usual = provider == "anthropic" || provider == "openai";
  if (!usual && endpoint == endpoints.end()) {
    llm.fault("provider", "must be one of " + known_providers(endpoints));
    return std::nullopt;
  }
  auto access = pipeline::model_access_of(usual ? provider : endpoint->second);
  if (access && endpoint != endpoints.end()) access->url = endpoint->second;
  if (access) return std::move(*access);
  llm.fault("provider", "this server's address for it cannot be used");
  return std::nullopt;
}

void read_budget(Fields& llm, FieldFaults& faults, gateway::BudgetLimits& out) {
  const json* const value = llm.object("budget");
  if (value == nullptr) return;
  Fields budget(*value, "/sandbox/llm/budget", faults);
  for (const gateway::BudgetField& field : gateway::budget_fields) {
    const auto number = budget.integer(field.name, {1, gateway::budget_value_max});
    if (number) out.*(field.member) = *number;
  }
  if (const json* const money = budget.object("cost")) {
    Fields cost(*money, "/sandbox/llm/budget/cost", faults);
    gateway::CostLimit& limit = out.cost.emplace();
    for (const gateway::CostField& field : gateway::cost_fields) {
      const auto number = cost.integer(field.name, {field.least, gateway::budget_value_max});
      if (number) {
        limit.*(field.member) = *number;
      } else if (!money->contains(field.name)) {
        cost.fault(field.name, "missing: a limit of money needs the prices that it is counted in");
      }
    }
    cost.refuse_unknown();
  }
  budget.refuse_unknown();
}

// Into locked memory; what it came in is zeroed when it is freed.
void read_key(Fields& llm, ModelAccess& access) {
  const std::string* const text = llm.text("api_key");
  if (text == nullptr) return;
  auto key = crypto::LockedSecret::allocate(text->size());
  if (text->empty() || text->size() > gateway::key_bytes_max || !key ||
      !std::ranges::all_of(*text, [](char c) { return c > 0x20 && c < 0x7f; })) {
    llm.fault("api_key", "must be 1 to " + std::to_string(gateway::key_bytes_max) +
                             " bytes of printable ASCII (key_bytes_max)");
    return;
  }
  std::ranges::copy(*text, key->bytes().begin());
  access.key = std::make_shared<const crypto::LockedSecret>(std::move(*key));
}

}  // namespace

void read_llm(Fields& sandbox, FieldFaults& faults, const LlmEndpoints& endpoints,
              pipeline::ExecutionRequest& out) {
  const json* const value = sandbox.object("llm");
  if (value == nullptr) return;
  Fields llm(*value, "/sandbox/llm", faults);
  const std::string* const model = llm.text("model");
  const std::string* const prompt = llm.text("prompt");
  auto access = access_of(llm, endpoints, model != nullptr ? *model : "");
  ModelAccess unused;
  ModelAccess& into = access ? *access : unused;
  if (model != nullptr) into.model = *model;
  if (prompt != nullptr) into.prompt = *prompt;
  read_key(llm, into);
  read_budget(llm, faults, into.budget);
  llm.refuse_unknown();
  if (!access || !faults.empty()) return;
  if (auto checked = pipeline::check_model_access(*access); !checked) {
    return sandbox.fault("llm", checked.error().message());
  }
  out.llm = std::move(*access);
  if (auto added = pipeline::add_agent(out); !added) {
    sandbox.fault("llm", added.error().message());
  }
}

}  // namespace mayfly::api
