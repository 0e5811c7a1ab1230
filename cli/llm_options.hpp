// The --llm options of `mayfly run`, and --llm-endpoint of `mayfly serve`.
//
// Errors    malformed: a combination or value that says nothing.  unavailable: the key's file.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/verb.hpp"
#include "pipeline/model_access.hpp"

namespace mayfly::cli {

struct LlmOptions {
  std::string provider;  // "anthropic", "openai", or a URL
  std::string model;
  std::string key_file;
  std::string ca_file;
  std::string budget;
  std::string prompt;  // or "@FILE"
};

void add_llm_options(Verb verb, LlmOptions& options);

// Absent: --llm was not given. The key is read into locked memory.
Result<std::optional<pipeline::ModelAccess>> model_access_from(const LlmOptions& options);

// "NAME=URL", each name once.
Result<std::map<std::string, std::string>> llm_endpoints_from(
    const std::vector<std::string>& items);

}  // namespace mayfly::cli
