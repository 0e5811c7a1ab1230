// From a request to what the executor runs: command, complete environment, checked limits.
//
// Errors    malformed / limit, naming the field, the bound and the fix.
// Threads   Pure function.
#pragma once
#include "base/result.hpp"
#include "executor/sandbox.hpp"
#include "pipeline/execute.hpp"

namespace mayfly::pipeline {

inline constexpr std::size_t scripts_max = 256;
inline constexpr std::size_t scripts_bytes_max = std::size_t{16} * 1024 * 1024;  // together
inline constexpr std::size_t command_parts_max = 256;
inline constexpr std::size_t command_bytes_max = std::size_t{64} * 1024;  // together
inline constexpr std::size_t environment_max = 128;
inline constexpr std::size_t assertions_max = 64;
inline constexpr std::int64_t wall_ms_max = std::int64_t{24} * 3600 * 1000;

Result<executor::SandboxSpec> sandbox_spec(const ExecutionRequest& request);

}  // namespace mayfly::pipeline
