#include "api/request_decode.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "api/request_fields.hpp"
#include "api/strict_json.hpp"
#include "base/text_encoding.hpp"
#include "certificate/assertions.hpp"
#include "certificate/field_rules.hpp"
#include "executor/seccomp_policy.hpp"
#include "pipeline/entry_point.hpp"
#include "pipeline/sandbox_spec.hpp"
#include "pipeline/stages.hpp"

namespace mayfly::api {
namespace {

using nlohmann::json;
using pipeline::ExecutionRequest;

// A field that exists in the form and not in this version. Found before anything else is complained
// about: the sender must learn that the rest was fine to write.
struct NotImplemented {
  std::string_view pointer;
  std::string_view instead;
};
constexpr std::array not_implemented = {
    NotImplemented{"/dataset/url",
                   "fetching a dataset is not implemented in this version; send its bytes in "
                   "dataset.data as \"base64:...\""},
    NotImplemented{
        "/sandbox/llm_prompt",
        "the short form has no place for a key and a model; write sandbox.llm, an object "
        "with prompt, model and api_key"},
};

std::optional<Problem> find_not_implemented(const json& body) {
  Problem problem{ProblemKind::not_implemented,
                  "the request uses a part of the form that is not implemented in this version"};
  for (const NotImplemented& part : not_implemented) {
    if (body.contains(json::json_pointer(std::string(part.pointer)))) {
      problem.errors.push_back({std::string(part.pointer), std::string(part.instead)});
    }
  }
  if (problem.errors.empty()) return std::nullopt;
  return problem;
}

std::string at_most(std::size_t most, std::string_view what) {
  return "may have " + std::to_string(most) + " " + std::string(what);
}

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

void read_dataset(Fields& request, FieldFaults& faults, DatasetData data, ExecutionRequest& out) {
  const json* const value = request.any("dataset");
  if (value == nullptr) {
    if (data == DatasetData::taken) {
      request.fault("dataset", "missing: the format of the dataset that follows");
    }
    return;
  }
  if (value->is_string()) {
    request.fault("dataset",
                  "the short form is not accepted; write {\"data\": \"base64:...\", \"format\": "
                  "\"csv\"}");
    return;
  }
  if (!value->is_object()) {
    request.fault("dataset", "must be an object");
    return;
  }
  Fields dataset(*value, "/dataset", faults);
  // Its value was taken out on the way in; what stands here is not the data.
  const bool names_data = dataset.any("data") != nullptr || data == DatasetData::taken;
  if (!names_data) dataset.fault("data", "missing: the dataset as \"base64:...\"");
  const std::string* const format = dataset.text("format");
  constexpr std::array<std::string_view, 3> formats = {"csv", "json", "txt"};
  if (format == nullptr) {
    if (!value->contains("format")) dataset.fault("format", "missing: one of csv, json, txt");
  } else if (std::ranges::find(formats, *format) == formats.end()) {
    dataset.fault("format", "must be one of csv, json, txt");
  } else {
    out.dataset_format = *format;
  }
  dataset.any("url");  // refused before, by name
  dataset.refuse_unknown();
}

void read_tools(Fields& sandbox, ExecutionRequest& out) {
  const json* const tools = sandbox.array("tools");
  if (tools == nullptr) return;
  if (tools->size() > tools_max) {
    sandbox.fault("tools", at_most(tools_max, "entries (tools_max)"));
    return;
  }
  for (const json& tool : *tools) {
    const auto* const name = tool.get_ptr<const std::string*>();
    if (name == nullptr || name->empty() || name->size() > tool_name_bytes_max || has_nul(*name)) {
      sandbox.fault("tools", "each tool is a name of 1 to " + std::to_string(tool_name_bytes_max) +
                                 " bytes (tool_name_bytes_max), such as \"python\" or \"grep\"");
      return;
    }
    out.tools.push_back(*name);
  }
}

void read_policy(Fields& sandbox, ExecutionRequest& out) {
  const std::string* const policy = sandbox.text("policy");
  if (policy == nullptr) return;
  out.policy = *policy;
  if (*policy == pipeline::policy_of_language) return;
  if (executor::check_policy_name(*policy)) return;
  std::string names;
  for (const std::string_view name : executor::policy_names()) names.append(name).append(", ");
  sandbox.fault("policy", "must be one of " + names + "or language");
}

void read_determinism(Fields& sandbox, ExecutionRequest& out) {
  const std::string* const determinism = sandbox.text("determinism");
  if (determinism == nullptr || *determinism == "deterministic") return;
  if (*determinism != "seeded") {
    return sandbox.fault("determinism", "must be \"deterministic\" or \"seeded\"");
  }
  out.determinism = pipeline::Determinism::seeded;
}

void read_scripts(Fields& sandbox, ExecutionRequest& out) {
  const json* const scripts = sandbox.object("scripts");
  if (scripts == nullptr) return;
  if (scripts->size() > pipeline::scripts_max) {
    sandbox.fault("scripts", at_most(pipeline::scripts_max, "entries (scripts_max)"));
    return;
  }
  std::size_t bytes = 0;
  for (const auto& [name, text] : scripts->items()) {
    const auto* const contents = text.get_ptr<const std::string*>();
    if (contents == nullptr) {
      sandbox.fault("scripts", "each script is a name and its text, both strings");
      return;
    }
    const ByteView view = bytes_of(*contents);
    bytes += view.size();
    out.scripts.push_back({.name = name, .contents = Bytes(view.begin(), view.end())});
  }
  if (bytes > pipeline::scripts_bytes_max) {
    sandbox.fault("scripts",
                  at_most(pipeline::scripts_bytes_max, "bytes together (scripts_bytes_max)"));
  }
}

// An argv. What is wrong with it is the field's fault.
std::vector<std::string> read_command(Fields& sandbox, std::string_view field, const json& parts) {
  std::vector<std::string> command;
  if (!parts.is_array() || parts.empty() || parts.size() > pipeline::command_parts_max) {
    sandbox.fault(field, "a command must have 1 to " + std::to_string(pipeline::command_parts_max) +
                             " entries (command_parts_max)");
    return command;
  }
  std::size_t bytes = 0;
  for (const json& part : parts) {
    const auto* const text = part.get_ptr<const std::string*>();
    if (text == nullptr || has_nul(*text)) {
      sandbox.fault(field, "each entry of a command is a string without NUL");
      return command;
    }
    bytes += text->size();
    command.push_back(*text);
  }
  if (bytes > pipeline::command_bytes_max) {
    sandbox.fault(field,
                  at_most(pipeline::command_bytes_max, "bytes together (command_bytes_max)"));
  }
  return command;
}

void read_entrypoint(Fields& sandbox, ExecutionRequest& out) {
  const json* const entrypoint = sandbox.array("entrypoint");
  if (entrypoint != nullptr) out.command = read_command(sandbox, "entrypoint", *entrypoint);
}

void read_steps(Fields& sandbox, ExecutionRequest& out) {
  const json* const steps = sandbox.array("steps");
  if (steps == nullptr) return;
  if (steps->size() > pipeline::steps_max) {
    sandbox.fault("steps", at_most(pipeline::steps_max, "entries (steps_max)"));
    return;
  }
  for (const json& step : *steps) out.steps.push_back(read_command(sandbox, "steps", step));
}

// By what the scripts are run: by their extension when it is not given.
void read_language(Fields& sandbox, ExecutionRequest& out) {
  const std::string* const language = sandbox.text("language");
  if (language == nullptr) return;
  if (!out.command.empty()) {
    return sandbox.fault("language", "give either language or entrypoint");
  }
  out.language = *language;
  const auto entry = pipeline::entry_point(out.scripts, out.entry_script, out.language);
  if (!entry) sandbox.fault("language", entry.error().message());
}

// The short form's "script": which one of the scripts is the program.
void read_script(Fields& sandbox, ExecutionRequest& out) {
  const std::string* const script = sandbox.text("script");
  if (script == nullptr) return;
  if (!out.command.empty()) {
    sandbox.fault("script", "give either script or entrypoint");
    return;
  }
  const auto named = std::ranges::find(out.scripts, *script, &executor::ScriptFile::name);
  if (named == out.scripts.end()) {
    sandbox.fault("script",
                  "names no script of this request; send its text too: \"scripts\": {\"main.py\": "
                  "\"...\"}");
    return;
  }
  out.entry_script = *script;
  if (sandbox.any("language") != nullptr) return;  // which says more of what is wrong
  const auto entry = pipeline::entry_point(out.scripts, out.entry_script, "");
  if (!entry) sandbox.fault("script", entry.error().message());
}

struct LimitField {
  std::string_view name;
  std::int64_t executor::Limits::* limit;
  std::int64_t scale;  // our unit in theirs
  IntegerBounds bounds;
};
constexpr std::int64_t mib = 1024 * 1024;
constexpr std::array limit_fields = {
    LimitField{"timeout_seconds", &executor::Limits::wall_ms, 1000, {1, timeout_seconds_max}},
    LimitField{"max_memory_mb",
               &executor::Limits::memory_bytes,
               mib,
               {max_memory_mb_min, max_memory_mb_max}},
    LimitField{"max_cpu_seconds", &executor::Limits::cpu_ms, 1000, {1, max_cpu_seconds_max}},
    LimitField{"max_processes", &executor::Limits::pids, 1, {1, max_processes_max}},
    LimitField{"max_open_files",
               &executor::Limits::open_files,
               1,
               {max_open_files_min, max_open_files_max}},
    LimitField{"max_disk_mb", &executor::Limits::disk_bytes, mib, {0, max_disk_mb_max}},
    LimitField{"max_files", &executor::Limits::disk_inodes, 1, {0, max_files_max}},
    LimitField{"max_output_bytes", &executor::Limits::output_bytes, 1, {0, max_output_bytes_max}},
};

bool is_variable_name(std::string_view name) {
  const auto is_word = [](char c) {
    return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
         std::ranges::all_of(name, is_word);
}

void read_variables(Fields& environment, ExecutionRequest& out) {
  const json* const variables = environment.object("variables");
  if (variables == nullptr) return;
  if (variables->size() > pipeline::environment_max) {
    environment.fault("variables", at_most(pipeline::environment_max, "entries (environment_max)"));
    return;
  }
  for (const auto& [name, value] : variables->items()) {
    const auto* const text = value.get_ptr<const std::string*>();
    if (!is_variable_name(name) || text == nullptr || has_nul(*text) ||
        name.size() + 1 + text->size() > variable_bytes_max) {
      environment.fault("variables",
                        "each variable is a name ([A-Za-z_][A-Za-z0-9_]*) and a string, together " +
                            at_most(variable_bytes_max, "bytes (variable_bytes_max)"));
      return;
    }
    out.environment.push_back(name + "=" + *text);
  }
}

void read_environment(Fields& sandbox, FieldFaults& faults, ExecutionRequest& out) {
  const json* const value = sandbox.object("environment");
  if (value == nullptr) return;
  Fields environment(*value, "/sandbox/environment", faults);
  for (const LimitField& field : limit_fields) {
    const auto number = environment.integer(field.name, field.bounds);
    if (number) out.limits.*(field.limit) = *number * field.scale;
  }
  read_variables(environment, out);
  environment.refuse_unknown();
}

void read_sandbox(Fields& request, FieldFaults& faults, const LlmEndpoints& endpoints,
                  ExecutionRequest& out) {
  const json* const value = request.object("sandbox");
  if (value == nullptr) {
    if (faults.empty()) request.fault("sandbox", "missing: what to run");
    return;
  }
  Fields sandbox(*value, "/sandbox", faults);
  read_scripts(sandbox, out);
  read_entrypoint(sandbox, out);
  read_script(sandbox, out);
  read_language(sandbox, out);
  read_steps(sandbox, out);
  read_tools(sandbox, out);
  read_policy(sandbox, out);
  read_determinism(sandbox, out);
  read_environment(sandbox, faults, out);
  read_llm(sandbox, faults, endpoints, out);
  if (out.scripts.empty() && out.command.empty() && faults.empty()) {
    sandbox.fault("scripts",
                  "missing: nothing to run; give {\"main.py\": \"...\"} or sandbox.entrypoint");
  }
  sandbox.any("llm_prompt");  // refused before, by name
  sandbox.refuse_unknown();
}

void read_assertion(const json& value, const std::string& pointer, FieldFaults& faults,
                    ExecutionRequest& out) {
  constexpr std::array<std::string_view, 6> operators = {"==", "!=", "<", "<=", ">", ">="};
  if (!value.is_object()) {
    return faults.add(pointer, R"(must be {"name": "accuracy", "op": ">=", "value": "0.95"})");
  }
  Fields fields(value, pointer, faults);
  const std::string* const name = fields.text("name");
  const std::string* const op = fields.text("op");
  const std::string* const number = fields.text("value");
  fields.refuse_unknown();
  if (name == nullptr || op == nullptr || number == nullptr) {
    return faults.add(pointer,
                      R"(needs three strings: {"name": "accuracy", "op": ">=", "value": "0.95"})");
  }
  if (name->size() > assertion_name_bytes_max || !certificate::is_result_path(*name)) {
    fields.fault("name", "must be a path into the result, \"metrics.accuracy\", of " +
                             at_most(assertion_name_bytes_max, "bytes (assertion_name_bytes_max)"));
  } else if (std::ranges::find(operators, *op) == operators.end()) {
    fields.fault("op", "must be one of == != < <= > >=");
  } else {
    auto parsed = number->size() > assertion_value_bytes_max
                      ? fail(ErrorCode::limit, "")
                      : certificate::parse_assertion(*name + *op + *number);
    if (parsed && parsed->name == *name && parsed->op == *op) {
      out.assertions.push_back(std::move(*parsed));
    } else {
      fields.fault("value",
                   "must be a decimal number as a string, \"0.95\", of " +
                       at_most(assertion_value_bytes_max, "bytes (assertion_value_bytes_max)"));
    }
  }
}

void read_assertions(Fields& request, FieldFaults& faults, ExecutionRequest& out) {
  const json* const assertions = request.array("assertions");
  if (assertions == nullptr) return;
  if (assertions->size() > pipeline::assertions_max) {
    request.fault("assertions", at_most(pipeline::assertions_max, "entries (assertions_max)"));
    return;
  }
  for (std::size_t i = 0; i < assertions->size(); ++i) {
    read_assertion((*assertions)[i], "/assertions/" + std::to_string(i), faults, out);
  }
}

void read_nonce(Fields& request, ExecutionRequest& out) {
  const std::string* const nonce = request.text("nonce");
  if (nonce == nullptr) return;
  auto bytes = hex_decode(*nonce);
  if (!bytes || bytes->size() > attest::nonce_bytes_max) {
    request.fault("nonce", "must be lower-case hex of at most " +
                               std::to_string(attest::nonce_bytes_max) +
                               " bytes (nonce_bytes_max)");
    return;
  }
  out.nonce = std::move(*bytes);
}

Visibility read_visibility(Fields& request) {
  const std::string* const text = request.text("visibility");
  if (text == nullptr || *text == "public") return Visibility::open;
  if (*text != "private") {
    request.fault("visibility", "is \"public\" or \"private\": who may see the certificate");
  }
  return Visibility::hidden;
}

void read_withhold(Fields& request, ExecutionRequest& out) {
  const json* const withhold = request.array("withhold");
  if (withhold == nullptr) return;
  for (const json& what : *withhold) {
    const auto* const word = what.get_ptr<const std::string*>();
    if (word == nullptr || !certificate::check_text(certificate::rules::withholdable, *word) ||
        std::ranges::find(out.withhold, *word) != out.withhold.end()) {
      return request.fault("withhold",
                           "each entry is one of executions, files, llm, network and result, once");
    }
    out.withhold.push_back(*word);
  }
}

TraceReply read_trace(Fields& request) {
  const json* const wanted = request.any("trace");
  if (wanted == nullptr) return TraceReply::none;
  if (!wanted->is_boolean()) request.fault("trace", "must be true or false");
  return *wanted == json(true) ? TraceReply::lines : TraceReply::none;
}

}  // namespace

std::expected<DecodedRequest, Problem> decode_request(std::string_view rest_json, DatasetData data,
                                                      const LlmEndpoints& endpoints) {
  if (rest_json.size() > request_rest_bytes_max) {
    return std::unexpected(
        Problem{ProblemKind::too_large,
                "without its dataset a request " +
                    at_most(request_rest_bytes_max, "bytes (request_rest_bytes_max)")});
  }
  if (auto problem = find_json_fault(rest_json)) return std::unexpected(std::move(*problem));
  // No exceptions: what find_json_fault accepted, this accepts.
  const json body = json::parse(rest_json, /*cb=*/nullptr, /*allow_exceptions=*/false);
  if (auto problem = find_not_implemented(body)) return std::unexpected(std::move(*problem));

  ExecutionRequest out;
  FieldFaults faults;
  Fields request(body, "", faults);
  read_dataset(request, faults, data, out);
  const RequestForm form = form_of(body);
  if (form == RequestForm::short_form) {
    read_short_form(request, out);
  } else {
    read_sandbox(request, faults, endpoints, out);
  }
  read_assertions(request, faults, out);
  read_nonce(request, out);
  const Visibility visibility = read_visibility(request);
  read_withhold(request, out);
  const TraceReply trace = read_trace(request);
  request.refuse_unknown();
  if (!faults.empty()) {
    return std::unexpected(Problem{ProblemKind::invalid_request,
                                   "the request does not say what to run in a form that is "
                                   "understood; nothing was run",
                                   faults.take()});
  }
  return DecodedRequest{
      .execution = std::move(out), .form = form, .visibility = visibility, .trace = trace};
}

}  // namespace mayfly::api
