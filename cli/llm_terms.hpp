// What may be asked of a model provider, wherever it is: the prompt, the budget, the key.
//
// Errors    malformed: a value that says nothing, a key that others may read.  unavailable: the
//           key's file.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "cli/llm_options.hpp"
#include "crypto/locked_secret.hpp"
#include "gateway/settings.hpp"

namespace mayfly::cli {

struct LlmTerms {
  std::string prompt;
  gateway::BudgetLimits budget;
  std::shared_ptr<const crypto::LockedSecret> key;  // read into locked memory; null: none
};
// Precondition: --llm was given.
Result<LlmTerms> llm_terms_from(const LlmOptions& options);

inline constexpr std::string_view budget_help =
    "calls=100,input=2000000,output=200000,total=2000000,per-call=32000,wall=1h; or cost=0.50 "
    "(USD) "
    "with price-in= and price-out= (USD for a million tokens)";

}  // namespace mayfly::cli
