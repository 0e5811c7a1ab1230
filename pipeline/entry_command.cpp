#include "pipeline/entry_command.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace mayfly::pipeline {
namespace {

struct Interpreter {
  std::string_view extension;
  std::string_view program;
};
constexpr std::array interpreters = {
    Interpreter{".py", "python3"}, Interpreter{".sh", "bash"}, Interpreter{".js", "node"},
    Interpreter{".mjs", "node"},   Interpreter{".pl", "perl"},
};

std::string_view extension_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  const std::size_t slash = name.rfind('/');
  if (dot == std::string_view::npos) return {};
  if (slash != std::string_view::npos && dot < slash) return {};
  return name.substr(dot);
}

std::string known_extensions() {
  std::string text;
  for (const Interpreter& one : interpreters) {
    text += (text.empty() ? "" : " ") + std::string(one.extension);
  }
  return text;
}

Result<const executor::ScriptFile*> main_script(const std::vector<executor::ScriptFile>& scripts) {
  if (scripts.empty()) {
    return fail(ErrorCode::malformed,
                "nothing to run: give a script (--script main.py, or sandbox.scripts) or a command "
                "(-- COMMAND ARG..., or sandbox.entrypoint)");
  }
  if (scripts.size() == 1) return &scripts.front();
  const executor::ScriptFile* found = nullptr;
  for (const executor::ScriptFile& script : scripts) {
    if (!script.name.starts_with("main.")) continue;
    if (found != nullptr) {
      return fail(ErrorCode::malformed, "both " + found->name + " and " + script.name +
                                            " could be the entry point: name the command");
    }
    found = &script;
  }
  if (found == nullptr) {
    return fail(ErrorCode::malformed,
                "several scripts and none named main.*: name the command, or rename one");
  }
  return found;
}

}  // namespace

Result<std::vector<std::string>> entry_command(const std::vector<executor::ScriptFile>& scripts) {
  TRY(const executor::ScriptFile* const script, main_script(scripts));
  const std::string_view extension = extension_of(script->name);
  const auto found = std::ranges::find(interpreters, extension, &Interpreter::extension);
  if (found != interpreters.end()) {
    return std::vector<std::string>{std::string(found->program), script->name};
  }
  // Scripts are executable: "#!" names its own interpreter, and ELF needs none.
  const std::string_view contents = text_of(script->contents);
  if (contents.starts_with("#!") || contents.starts_with("\x7f"
                                                         "ELF")) {
    return std::vector<std::string>{"./" + script->name};
  }
  return fail(ErrorCode::malformed, "no interpreter is known for \"" + script->name +
                                        "\": use one of " + known_extensions() +
                                        ", begin it with #!, or name the command");
}

}  // namespace mayfly::pipeline
