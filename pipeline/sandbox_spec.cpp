#include "pipeline/sandbox_spec.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <string_view>

#include "certificate/field_rules.hpp"
#include "executor/request.hpp"
#include "pipeline/utf8_text.hpp"

namespace mayfly::pipeline {
namespace {

// The same for every run, so that nothing of the machine or the caller reaches the job.
constexpr std::array<std::string_view, 8> fixed_environment = {
    "HOME=/work",
    "LANG=C.UTF-8",
    "LC_ALL=C.UTF-8",
    "PATH=/usr/local/bin:/usr/bin:/bin",
    "PYTHONDONTWRITEBYTECODE=1",
    "PYTHONHASHSEED=0",
    "TMPDIR=/tmp",
    "TZ=UTC",
};

std::unexpected<Error> over(std::string_view field, std::size_t got, std::size_t most) {
  return fail(ErrorCode::limit, std::string(field) + ": " + std::to_string(got) + ", at most " +
                                    std::to_string(most) + " are accepted");
}

std::string_view variable_name(std::string_view entry) {
  return entry.substr(0, entry.find('='));
}

Result<std::vector<std::string>> environment_for(const ExecutionRequest& request) {
  std::vector<std::string> environment(fixed_environment.begin(), fixed_environment.end());
  if (request.dataset) {
    const bool single = !request.dataset->is_directory();
    environment.push_back("DATASET_PATH=/data" +
                          (single ? "/" + request.dataset->files().front().name() : ""));
  }
  if (request.llm) std::ranges::move(model_environment(), std::back_inserter(environment));
  // Known by its format before it is there.
  const bool takes_dataset = request.dataset || request.dataset_format != "none";
  if (request.environment.size() > environment_max) {
    return over("environment", request.environment.size(), environment_max);
  }
  for (const std::string& entry : request.environment) {
    const std::string_view name = variable_name(entry);
    if (name.empty() || name.size() == entry.size() || entry.find('\0') != std::string::npos ||
        !is_utf8(entry)) {
      return fail(ErrorCode::malformed,
                  "environment: an entry is not of the form NAME=value in UTF-8");
    }
    if (name == "DATASET_PATH" && takes_dataset) {
      return fail(ErrorCode::malformed, "environment: DATASET_PATH is set by Mayfly");
    }
    const auto taken = std::ranges::find(environment, name, variable_name);
    if (request.llm && taken != environment.end() &&
        (name.starts_with("ANTHROPIC_") || name.starts_with("OPENAI_"))) {
      return fail(ErrorCode::malformed, "environment: " + std::string(name) +
                                            " is set by Mayfly in a run that may call a model");
    }
    if (taken == environment.end()) {
      environment.push_back(entry);
    } else {
      *taken = entry;
    }
  }
  std::ranges::sort(environment);
  return environment;
}

Result<void> check_script_name(const std::string& name) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::malformed, "script name \"" + name + "\" " + std::string(why));
  };
  if (name.empty()) return bad("must not be empty");
  if (name.size() > script_name_bytes_max) {
    return over("script name: bytes", name.size(), script_name_bytes_max);
  }
  if (name.front() == '/' || name.back() == '/') return bad("must be a relative file name");
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return bad("has a control character");
  }
  if (!is_utf8(name)) return bad("is not UTF-8");
  std::string_view rest = name;
  while (!rest.empty()) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return bad("must not leave /work");
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
  return {};
}

Result<void> check_scripts(const std::vector<executor::ScriptFile>& scripts) {
  if (scripts.size() > scripts_max) return over("scripts", scripts.size(), scripts_max);
  std::size_t bytes = 0;
  std::vector<std::string_view> names;
  for (const executor::ScriptFile& script : scripts) {
    CHECK_OK(check_script_name(script.name));
    bytes += script.contents.size();
    names.emplace_back(script.name);
  }
  if (bytes > scripts_bytes_max) return over("scripts: bytes together", bytes, scripts_bytes_max);
  std::ranges::sort(names);
  if (const auto twice = std::ranges::adjacent_find(names); twice != names.end()) {
    return fail(ErrorCode::malformed, "two scripts are named \"" + std::string(*twice) + "\"");
  }
  return {};
}

Result<void> check_command(const std::vector<std::string>& command) {
  if (command.size() > command_parts_max) {
    return over("command: arguments", command.size(), command_parts_max);
  }
  std::size_t bytes = 0;
  for (const std::string& part : command) {
    if (part.find('\0') != std::string::npos || !is_utf8(part)) {
      return fail(ErrorCode::malformed,
                  "command: an argument has a NUL byte or is not UTF-8, so the certificate could "
                  "not name it");
    }
    bytes += part.size();
  }
  if (bytes > command_bytes_max) return over("command: bytes together", bytes, command_bytes_max);
  return {};
}

Result<void> check_withhold(const std::vector<std::string>& withhold) {
  for (const std::string& what : withhold) {
    if (certificate::check_text(certificate::rules::withholdable, what)) continue;
    return fail(ErrorCode::malformed,
                "what may be withheld is of executions, files, llm, network and result");
  }
  if (std::set<std::string>(withhold.begin(), withhold.end()).size() == withhold.size()) return {};
  return fail(ErrorCode::malformed, "what may be withheld is named twice");
}

}  // namespace

Result<executor::SandboxSpec> sandbox_spec(const ExecutionRequest& request,
                                           std::vector<std::string> command) {
  CHECK_OK(check_scripts(request.scripts));
  CHECK_OK(check_command(command));
  CHECK_OK(executor::check_limits(request.limits));
  CHECK_OK(executor::check_hard_limits(request.limits));
  if (request.assertions.size() > assertions_max) {
    return over("assertions", request.assertions.size(), assertions_max);
  }
  CHECK_OK(check_withhold(request.withhold));
  if (request.nonce.size() > attest::nonce_bytes_max) {
    return over("nonce: bytes", request.nonce.size(), attest::nonce_bytes_max);
  }
  executor::SandboxSpec spec;
  spec.argv = std::move(command);
  TRY(spec.environment, environment_for(request));
  spec.scripts = request.scripts;
  spec.tools = request.tools;
  if (request.llm) {
    CHECK_OK(check_model_access(*request.llm));
    spec.loopback_port = gateway::job_port;
    // A request may name the right to call a model among the tools; it is no program.
    std::erase_if(spec.tools,
                  [](const std::string& tool) { return tool == "anthropic" || tool == "openai"; });
    if (spec.tools.empty() && !request.tools.empty()) {
      return fail(ErrorCode::malformed,
                  "tools: name the programs that the job may execute, too, such as \"python\"");
    }
  }
  std::ranges::sort(spec.tools);
  const auto repeated = std::ranges::unique(spec.tools);
  spec.tools.erase(repeated.begin(), repeated.end());
  spec.limits = request.limits;
  return spec;
}

}  // namespace mayfly::pipeline
