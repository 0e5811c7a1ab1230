#include "cli/submit_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/text_encoding.hpp"
#include "certificate/assertions.hpp"
#include "cli/input_file.hpp"
#include "cli/limits_option.hpp"
#include "cli/llm_terms.hpp"
#include "gateway/settings.hpp"
#include "pipeline/sandbox_spec.hpp"
#include "pipeline/utf8_text.hpp"

namespace mayfly::cli {
namespace {

using nlohmann::json;

struct SentLimit {
  std::string_view field;
  std::string_view name;  // of --limits
  std::int64_t executor::Limits::* limit;
  std::int64_t scale;  // our unit in the service's
};
constexpr std::int64_t mib = 1024 * 1024;
constexpr std::array sent_limits = {
    SentLimit{"timeout_seconds", "wall", &executor::Limits::wall_ms, 1000},
    SentLimit{"max_memory_mb", "memory", &executor::Limits::memory_bytes, mib},
    SentLimit{"max_cpu_seconds", "cpu", &executor::Limits::cpu_ms, 1000},
    SentLimit{"max_processes", "pids", &executor::Limits::pids, 1},
    SentLimit{"max_open_files", "files", &executor::Limits::open_files, 1},
    SentLimit{"max_disk_mb", "disk", &executor::Limits::disk_bytes, mib},
    SentLimit{"max_files", "inodes", &executor::Limits::disk_inodes, 1},
    SentLimit{"max_output_bytes", "output", &executor::Limits::output_bytes, 1},
};

Result<void> add_scripts(const std::vector<std::string>& paths, std::string_view option,
                         json& scripts) {
  for (const std::string& path : paths) {
    auto contents = read_regular_file(path, pipeline::scripts_bytes_max);
    if (!contents) return std::unexpected(std::move(contents).error().while_doing(option));
    const std::string name = std::filesystem::path(path).filename().string();
    if (!pipeline::is_utf8(text_of(*contents)) || !pipeline::is_utf8(name)) {
      return fail(ErrorCode::malformed,
                  fmt::format("{} {}: a service takes scripts in UTF-8", option, path));
    }
    if (scripts.contains(name)) {
      return fail(ErrorCode::malformed, fmt::format("{}: {} is given twice", option, name));
    }
    scripts[name] = std::string(text_of(*contents));
  }
  return {};
}

Result<json> environment_json(const SubmitRequest& request) {
  json out = json::object();
  executor::Limits limits;
  const executor::Limits usual;
  CHECK_OK(apply_limits(request.limits, limits));
  for (const SentLimit& one : sent_limits) {
    const std::int64_t value = limits.*(one.limit);
    if (value == usual.*(one.limit)) continue;
    if (value % one.scale != 0) {
      return fail(ErrorCode::malformed,
                  fmt::format("--limits {}: a service takes whole {}", one.name,
                              one.scale == mib ? "MiB" : "seconds"));
    }
    out[one.field] = value / one.scale;
  }
  for (const std::string& variable : request.environment) {
    const std::size_t equals = variable.find('=');
    if (equals == 0 || equals == std::string::npos || !pipeline::is_utf8(variable)) {
      return fail(ErrorCode::malformed, "--env takes NAME=VALUE in UTF-8");
    }
    out["variables"][variable.substr(0, equals)] = variable.substr(equals + 1);
  }
  return out;
}

json budget_json(const gateway::BudgetLimits& budget) {
  json out = json::object();
  for (const gateway::BudgetField& field : gateway::budget_fields) {
    out[field.name] = budget.*(field.member);
  }
  if (budget.cost) {
    for (const gateway::CostField& field : gateway::cost_fields) {
      out["cost"][field.name] = (*budget.cost).*(field.member);
    }
  }
  return out;
}

Result<json> llm_json(const LlmOptions& options) {
  if (!options.ca_file.empty()) {
    return fail(ErrorCode::malformed,
                "--llm-ca: which authority a provider has is the service's "
                "to know; leave it out");
  }
  TRY(const LlmTerms terms, llm_terms_from(options));
  json out{{"provider", options.provider}};
  if (!options.model.empty()) out["model"] = options.model;
  if (!terms.prompt.empty()) out["prompt"] = terms.prompt;
  if (!options.budget.empty()) out["budget"] = budget_json(terms.budget);
  if (terms.key) out["api_key"] = std::string(text_of(terms.key->view()));
  return out;
}

Result<json> sandbox_json(const SubmitRequest& request) {
  json out = json::object();
  json scripts = json::object();
  CHECK_OK(add_scripts(request.scripts, "--script", scripts));
  CHECK_OK(add_scripts(request.files, "--file", scripts));
  if (!scripts.empty()) out["scripts"] = std::move(scripts);
  if (!request.command.empty()) {
    out["entrypoint"] = request.command;
  } else if (!request.scripts.empty()) {
    out["script"] = std::filesystem::path(request.scripts.front()).filename().string();
  }
  if (!request.language.empty()) out["language"] = request.language;
  for (const std::string& step : request.steps) out["steps"].push_back({"sh", "-c", step});
  if (!request.tools.empty()) out["tools"] = request.tools;
  if (request.system_calls != "default") out["policy"] = request.system_calls;
  if (request.determinism != "deterministic") out["determinism"] = request.determinism;
  TRY(json environment, environment_json(request));
  if (!environment.empty()) out["environment"] = std::move(environment);
  if (!request.llm.provider.empty()) {
    TRY(out["llm"], llm_json(request.llm));
  }
  return out;
}

bool all_utf8(const std::vector<std::string>& texts) {
  return std::ranges::all_of(texts,
                             [](const std::string& text) { return pipeline::is_utf8(text); });
}

}  // namespace

Result<std::string> submit_request_json(const SubmitRequest& request, const Bytes& nonce) {
  if (!all_utf8(request.command) || !all_utf8(request.steps) || !all_utf8(request.tools) ||
      !all_utf8(request.withhold) ||
      !all_utf8({request.llm.model, request.llm.provider, request.language})) {
    return fail(ErrorCode::malformed, "a service takes commands, steps and names in UTF-8");
  }
  json out{{"nonce", hex_encode(nonce)}};
  if (request.has_dataset) out["dataset"] = {{"format", request.dataset_format}};
  TRY(out["sandbox"], sandbox_json(request));
  for (const std::string& text : request.assertions) {
    auto assertion = certificate::parse_assertion(text);
    if (!assertion) return std::unexpected(std::move(assertion).error().while_doing("--assert"));
    out["assertions"].push_back(
        {{"name", assertion->name}, {"op", assertion->op}, {"value", assertion->value}});
  }
  if (request.is_private) out["visibility"] = "private";
  if (!request.withhold.empty()) out["withhold"] = request.withhold;
  if (request.wants_trace) out["trace"] = true;
  return out.dump();
}

}  // namespace mayfly::cli
