// The body of POST /execute -> what the pipeline runs. api/README.md shows the form.
//
// Shapes    {"dataset": {"data", "format"}, "sandbox": {"scripts", "script", "entrypoint", "tools",
//           "environment", "llm"}, "assertions", "nonce", "trace", "visibility", "withhold"}, every
//           member but the sandbox optional. Or the short form: short_form.hpp. "dataset.url" is
//           understood and refused: not in this version.
// Errors    A Problem: malformed_request (not JSON, duplicate members), invalid_request (with a
//           pointer for each field at fault: unknown, missing, of a wrong type, out of bounds; the
//           bound and the fix are named), not_implemented. No value of a field is ever in it.
// Threads   Pure functions.
#pragma once
#include <cstdint>
#include <expected>
#include <string_view>

#include "api/llm_request.hpp"
#include "api/problem.hpp"
#include "api/short_form.hpp"
#include "api/visibility.hpp"
#include "executor/request.hpp"
#include "pipeline/execute.hpp"

namespace mayfly::api {

// Everything but the dataset's own bytes: scripts are at most 16 MiB, and may be escaped.
inline constexpr std::size_t request_rest_bytes_max = std::size_t{24} * 1024 * 1024;

// The bounds of the executor in the units of the form.
inline constexpr std::int64_t timeout_seconds_max = executor::limit_wall_ms_max / 1000;
inline constexpr std::int64_t max_cpu_seconds_max = executor::limit_cpu_ms_max / 1000;
inline constexpr std::int64_t max_memory_mb_min = executor::limit_memory_bytes_min >> 20;
inline constexpr std::int64_t max_memory_mb_max = executor::limit_bytes_max >> 20;
inline constexpr std::int64_t max_processes_max = executor::limit_pids_max;
inline constexpr std::int64_t max_open_files_min = executor::limit_open_files_min;
inline constexpr std::int64_t max_open_files_max = executor::limit_open_files_max;
inline constexpr std::int64_t max_disk_mb_max = executor::limit_bytes_max >> 20;
inline constexpr std::int64_t max_files_max = executor::limit_inodes_max;
// Lower than the executor's: a reply holds both streams, and escapes make them six times longer.
inline constexpr std::int64_t max_output_bytes_max = std::int64_t{16} * 1024 * 1024;
static_assert(max_output_bytes_max <= executor::limit_output_bytes_max);
inline constexpr std::size_t tools_max = 64;
inline constexpr std::size_t tool_name_bytes_max = 64;
inline constexpr std::size_t variable_bytes_max = 32'768;  // "NAME=value"
inline constexpr std::size_t assertion_name_bytes_max = 256;
inline constexpr std::size_t assertion_value_bytes_max = 64;
inline constexpr std::size_t field_errors_max = 32;  // reported in one problem

// Was there a dataset.data, taken out of the text on its way in?
enum class DatasetData : std::uint8_t { absent, taken };

// Whether the answer has the trace's lines.
enum class TraceReply : std::uint8_t { none, lines };

// `rest_json` is the body without the value of dataset.data. The dataset itself is for the caller
// to put into the result.
struct DecodedRequest {
  pipeline::ExecutionRequest execution;
  RequestForm form = RequestForm::full;
  Visibility visibility = Visibility::open;
  TraceReply trace = TraceReply::none;
};
std::expected<DecodedRequest, Problem> decode_request(std::string_view rest_json, DatasetData data,
                                                      const LlmEndpoints& endpoints = {});

}  // namespace mayfly::api
