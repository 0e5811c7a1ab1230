// From a request and one of its commands to what the executor runs: command, complete environment,
// checked limits.
//
// Errors    malformed / limit, naming the field, the bound and the fix.
// Threads   Pure, but that it asks for this process's hard resource limits.
#pragma once
#include "base/result.hpp"
#include "executor/sandbox.hpp"
#include "pipeline/execute.hpp"

namespace mayfly::pipeline {

inline constexpr std::size_t scripts_max = 256;
inline constexpr std::size_t scripts_bytes_max = std::size_t{16} * 1024 * 1024;  // together
inline constexpr std::size_t script_name_bytes_max = 255;
inline constexpr std::size_t command_parts_max = 256;
inline constexpr std::size_t command_bytes_max = std::size_t{64} * 1024;  // together
inline constexpr std::size_t environment_max = 128;
inline constexpr std::size_t assertions_max = 64;
// The bounds of each limit: executor/request.hpp, limit_bounds.

Result<executor::SandboxSpec> sandbox_spec(const ExecutionRequest& request,
                                           std::vector<std::string> command);

}  // namespace mayfly::pipeline
