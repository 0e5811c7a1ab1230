#include "pipeline/agent.hpp"

#include <algorithm>
#include <array>

#include "gateway/json_view.hpp"

namespace mayfly::pipeline {
namespace {

// What the loop offers to the model. Those that are programs are also tools of the executor.
constexpr std::array agent_tools = {std::string_view("bash"), std::string_view("files"),
                                    std::string_view("grep"), std::string_view("python"),
                                    std::string_view("sqlite")};

constexpr bool is_agent_tool(std::string_view name) {
  return std::ranges::find(agent_tools, name) != agent_tools.end();
}

// Its members sorted, so that equal requests have equal scripts.
std::string task_json(const ModelAccess& access, const std::vector<std::string>& tools) {
  std::string offered;
  for (const std::string_view tool : agent_tools) {
    if (!tools.empty() && std::ranges::find(tools, tool) == tools.end()) continue;
    offered += (offered.empty() ? "" : ",") + gateway::json_string(tool);
  }
  // Where a provider speaks several languages, Messages is the one that they all have.
  const bool messages =
      std::ranges::find(access.wires, gateway::Wire::anthropic) != access.wires.end() &&
      !access.model.starts_with("gpt");
  return "{\"model\":" + gateway::json_string(access.model) +
         ",\"prompt\":" + gateway::json_string(access.prompt) + ",\"tools\":[" + offered +
         "],\"wire\":" + (messages ? "\"anthropic\"" : "\"openai-chat\"") + "}\n";
}

executor::ScriptFile script_of(std::string_view name, std::string_view text) {
  const ByteView bytes = bytes_of(text);
  return {.name = std::string(name), .contents = Bytes(bytes.begin(), bytes.end())};
}

}  // namespace

Result<void> add_agent(ExecutionRequest& request) {
  if (!request.llm || request.llm->prompt.empty()) return {};
  CHECK_OK(check_model_access(*request.llm));
  if (!request.command.empty()) {
    return fail(ErrorCode::malformed,
                "a prompt and a command are two ways to say what to run: give one; an agent finds "
                "scripts beside it, in /work");
  }
  for (const executor::ScriptFile& script : request.scripts) {
    if (script.name == agent_script_name || script.name == agent_task_name) {
      return fail(ErrorCode::malformed, "a script is named as the agent's own: rename it");
    }
  }
  request.scripts.push_back(script_of(agent_script_name, agent_script()));
  request.scripts.push_back(script_of(agent_task_name, task_json(*request.llm, request.tools)));
  request.command = {"python3", std::string(agent_script_name)};
  if (request.tools.empty()) return {};
  // The loop itself needs its interpreter, which every tool could then start, too.
  std::erase_if(request.tools, [](const std::string& tool) {
    return tool == "files" || tool == "sqlite" || tool == "anthropic" || tool == "openai";
  });
  static_assert(is_agent_tool("python"));
  request.tools.emplace_back("python");
  return {};
}

}  // namespace mayfly::pipeline
