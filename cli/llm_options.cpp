#include "cli/llm_options.hpp"

#include "cli/llm_terms.hpp"

namespace mayfly::cli {

void add_llm_options(Verb verb, LlmOptions& options) {
  verb.add_option("--llm", options.provider,
                  "let the job call a model: anthropic, openai, or the URL of a provider")
      .type_name("PROVIDER");
  verb.add_option("--llm-model", options.model, "the only model it may ask for").type_name("NAME");
  verb.add_option("--llm-key-file", options.key_file,
                  "file with the API key, which the job never sees")
      .type_name("FILE");
  verb.add_option("--llm-ca", options.ca_file, "certificate authority of the provider, PEM")
      .type_name("FILE");
  verb.add_option("--llm-budget", options.budget,
                  std::string("defaults: ") + std::string(budget_help));
  verb.add_option("--llm-prompt", options.prompt,
                  "run Mayfly's agent with this prompt instead of a script; @FILE reads it")
      .type_name("TEXT");
}

Result<std::optional<pipeline::ModelAccess>> model_access_from(const LlmOptions& options) {
  if (options.provider.empty()) {
    for (const std::string* const other :
         {&options.model, &options.key_file, &options.ca_file, &options.budget, &options.prompt}) {
      if (other->empty()) continue;
      return fail(ErrorCode::malformed,
                  "the --llm-... options say nothing without --llm PROVIDER: add it, or leave them "
                  "out");
    }
    return std::optional<pipeline::ModelAccess>();
  }
  auto access = pipeline::model_access_of(options.provider);
  if (!access) return std::unexpected(std::move(access).error().while_doing("--llm"));
  access->model = options.model;
  access->ca_file = options.ca_file;
  TRY(LlmTerms terms, llm_terms_from(options));
  access->budget = terms.budget;
  access->prompt = std::move(terms.prompt);
  access->key = std::move(terms.key);
  return std::optional(std::move(*access));
}

Result<std::map<std::string, std::string>> llm_endpoints_from(
    const std::vector<std::string>& items) {
  std::map<std::string, std::string> endpoints;
  for (const std::string& item : items) {
    const std::size_t equals = item.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return fail(ErrorCode::malformed, "--llm-endpoint: write NAME=URL");
    }
    const std::string url = item.substr(equals + 1);
    if (auto known = pipeline::model_access_of(url); !known) {
      return std::unexpected(std::move(known).error().while_doing("--llm-endpoint"));
    }
    if (!endpoints.emplace(item.substr(0, equals), url).second) {
      return fail(ErrorCode::malformed, "--llm-endpoint: a name is given twice");
    }
  }
  return endpoints;
}

}  // namespace mayfly::cli
