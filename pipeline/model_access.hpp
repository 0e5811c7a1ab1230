// What a run may ask of a language model: where, which, with whose key, and for how much.
//
// Shapes    The job finds the gateway in its own network (gateway::job_port) through the variables
//           that the providers' libraries read. The token that stands where a key would is drawn
//           for each run; a certificate shows run_token_shown in its place, so that equal runs have
//           equal sandbox hashes.
// Errors    malformed / limit, naming the field and the fix.
// Threads   Plain values and pure functions.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "certificate/model.hpp"
#include "crypto/locked_secret.hpp"
#include "executor/sandbox.hpp"
#include "gateway/settings.hpp"

namespace mayfly::pipeline {

inline constexpr std::string_view run_token_shown = "(token of this run)";

struct ModelAccess {
  std::string url;
  std::string ca_file;  // PEM; empty: the authorities this machine trusts
  std::vector<gateway::Wire> wires;
  std::string model;  // the only one that may be asked for; empty: any
  gateway::BudgetLimits budget;
  std::string prompt;  // of the agent; empty: the job asks by itself
  // Null: the provider wants none. Shared, because a request is copied before it is checked.
  std::shared_ptr<const crypto::LockedSecret> key;
};

// "anthropic", "openai", or the URL of a provider that speaks any of their languages.
Result<ModelAccess> model_access_of(std::string_view provider_or_url);

Result<void> check_model_access(const ModelAccess& access);

// "NAME=value" for the job, with run_token_shown.
std::vector<std::string> model_environment();
executor::SandboxSpec with_run_token(const executor::SandboxSpec& spec, std::string_view token);

certificate::LlmAccess describe_model_access(const ModelAccess& access);

}  // namespace mayfly::pipeline
