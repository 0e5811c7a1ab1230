#include "api/short_form.hpp"

#include <nlohmann/json.hpp>

#include "api/request_decode.hpp"
#include "pipeline/entry_point.hpp"
#include "pipeline/sandbox_spec.hpp"

namespace mayfly::api {
namespace {

using nlohmann::json;
using pipeline::ExecutionRequest;

void read_code(Fields& request, ExecutionRequest& out) {
  const std::string* const language = request.text("language");
  const std::string* const code = request.text("code");
  out.language = language == nullptr ? "python" : *language;
  const auto name = pipeline::script_name(out.language);
  if (!name) return request.fault("language", name.error().message());
  if (code == nullptr) return;  // of a wrong type, which is noted
  if (code->size() > pipeline::scripts_bytes_max) {
    return request.fault("code", "is at most " + std::to_string(pipeline::scripts_bytes_max) +
                                     " bytes (scripts_bytes_max)");
  }
  const ByteView text = bytes_of(*code);
  out.scripts.push_back({.name = *name, .contents = Bytes(text.begin(), text.end())});
}

void read_inputs(Fields& request, ExecutionRequest& out) {
  const json* const inputs = request.array("inputs");
  if (inputs == nullptr) return;
  if (inputs->size() > inputs_max) {
    return request.fault("inputs",
                         "has at most " + std::to_string(inputs_max) + " entries (inputs_max)");
  }
  for (const json& input : *inputs) {
    const auto* const text = input.get_ptr<const std::string*>();
    if (text == nullptr || text->find('\0') != std::string::npos) {
      return request.fault("inputs", "each input is a string without NUL: the program's arguments");
    }
    out.arguments.push_back(*text);
  }
}

// Both are understood, and only their empty values are what a run does.
void refuse_what_no_run_gets(Fields& request) {
  const json* const network = request.any("network_access");
  if (network != nullptr && *network != json(false)) {
    request.fault("network_access", "must be false: a job has no network");
  }
  const json* const packages = request.array("packages");
  if (packages != nullptr && !packages->empty()) {
    request.fault(
        "packages",
        "must be empty: a job finds what is installed in this machine's /usr (for Python, "
        "Debian's python3-* packages); send other files as sandbox.scripts");
  }
}

}  // namespace

RequestForm form_of(const json& body) {
  const bool is_short = body.is_object() && body.contains("code");
  return is_short ? RequestForm::short_form : RequestForm::full;
}

void read_short_form(Fields& request, ExecutionRequest& out) {
  read_code(request, out);
  read_inputs(request, out);
  const auto seconds = request.integer("timeout", {1, timeout_seconds_max});
  out.limits.wall_ms = seconds.value_or(short_form_timeout_seconds) * 1000;
  refuse_what_no_run_gets(request);
  if (request.any("sandbox") != nullptr) {
    request.fault("sandbox", "give either code or sandbox");
  }
}

}  // namespace mayfly::api
