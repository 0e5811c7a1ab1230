// A prompt becomes a job: Mayfly's own agent loop, a script like any other, runs inside the sandbox
// and asks the model through the run's gateway.
//
// Shapes    So a tool call is an execution of the same sandbox, confined and recorded like every
//           other; and the loop's own text is among the scripts of the certificate, by hash. What
//           it may spend is held by the gateway outside, whatever happens to the loop.
// Errors    malformed: a prompt beside a command, or scripts of the loop's own names.
// Threads   Pure functions.
#pragma once
#include <string_view>

#include "base/result.hpp"
#include "pipeline/execute.hpp"

namespace mayfly::pipeline {

inline constexpr std::size_t prompt_bytes_max = std::size_t{256} * 1024;
inline constexpr std::string_view agent_script_name = "mayfly_agent.py";
inline constexpr std::string_view agent_task_name = "mayfly_agent.json";

// For a request whose llm.prompt is set; leaves any other as it is.
Result<void> add_agent(ExecutionRequest& request);

std::string_view agent_script();  // pipeline/agent_loop.py

}  // namespace mayfly::pipeline
