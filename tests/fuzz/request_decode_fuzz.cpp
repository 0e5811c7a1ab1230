// The body of POST /execute: no text crashes the decoder; what it accepts is bounded, and what it
// refuses it refuses in canonical JSON.
#include "api/request_decode.hpp"

#include <cstdint>
#include <cstdlib>

#include "certificate/canonical_json.hpp"
#include "pipeline/sandbox_spec.hpp"
#include "pipeline/stages.hpp"

namespace {

using namespace mayfly;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(ByteView(data, size));
  const auto dataset = size % 2 == 0 ? api::DatasetData::taken : api::DatasetData::absent;
  const auto request = api::decode_request(text, dataset);
  if (!request) {
    const api::Problem& problem = request.error();
    require(problem.errors.size() <= api::field_errors_max);
    require(
        certificate::check_canonical(bytes_of(api::problem_json(problem, "/execute"))).has_value());
    return 0;
  }
  const pipeline::ExecutionRequest& execution = request->execution;
  require(execution.scripts.size() <= pipeline::scripts_max);
  require(execution.command.size() <= pipeline::command_parts_max);
  require(execution.tools.size() <= api::tools_max);
  require(!execution.scripts.empty() || !execution.command.empty());
  require(execution.limits.wall_ms >= 1000 &&
          execution.limits.wall_ms <= api::timeout_seconds_max * 1000);
  // Names of scripts are the pipeline's to judge; it must be able to.
  static_cast<void>(pipeline::stages_of(execution).has_value());
  return 0;
}
