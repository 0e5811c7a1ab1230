#include "pipeline/tool_uses.hpp"

#include <algorithm>
#include <csignal>
#include <optional>
#include <utility>

#include "base/text_encoding.hpp"
#include "executor/tools.hpp"
#include "pipeline/file_summary.hpp"
#include "pipeline/utf8_text.hpp"

namespace mayfly::pipeline {
namespace {

using certificate::ToolUse;

constexpr std::string_view temporary_folder = "/tmp/";

bool in_file_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

std::string counted_text(std::string_view text) {
  return std::to_string(text.size()) + ":" + std::string(text) + ",";
}

// Length-prefixed, so that no two argument lists have one encoding.
std::string encode_arguments(const std::vector<std::string>& argv) {
  std::string text;
  for (const std::string& argument : argv) {
    text += counted_text(without_temporary_names(argument));
  }
  return text;
}

std::string encode_use(const ToolUse& use) {
  return counted_text(use.tool) + counted_text(crypto::to_text(use.digest)) +
         counted_text(use.args_hash) + counted_text(std::to_string(use.exit_code)) +
         counted_text(use.script.value_or(""));
}

std::string base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

std::string name_in_image(const std::string& path) {
  const auto tool = executor::tool_of_program(path);
  return !tool || *tool == "coreutils" ? printable_name(base_name(path)) : std::string(*tool);
}

// "python3 -u main.py", "./main.sh": the executed file, or else the first argument that is no
// option. A job may have changed its folder or the file since: this is a name, not a measurement.
std::optional<std::string> script_named_by(const executor::ExecEvent& event,
                                           const std::vector<std::string>& scripts) {
  const auto submitted = [&](std::string_view name) {
    for (const std::string_view folder : {"/work/", "./"}) {
      if (name.starts_with(folder)) name.remove_prefix(folder.size());
    }
    return std::ranges::find(scripts, name);
  };
  auto found = event.path.starts_with("/work/") ? submitted(event.path) : scripts.end();
  for (std::size_t i = 1; i < event.argv.size() && found == scripts.end(); ++i) {
    if (event.argv[i].starts_with('-')) continue;
    found = submitted(event.argv[i]);
    break;
  }
  return found == scripts.end() ? std::nullopt : std::optional(*found);
}

}  // namespace

std::string without_temporary_names(std::string_view argument) {
  std::string stable;
  for (;;) {
    const std::size_t found = argument.find(temporary_folder);
    if (found == std::string_view::npos) return stable.append(argument);
    const std::size_t name = found + temporary_folder.size();
    stable.append(argument.substr(0, name)).push_back('*');
    argument.remove_prefix(name);
    const auto end = std::ranges::find_if_not(argument, in_file_name);
    argument.remove_prefix(static_cast<std::size_t>(end - argument.begin()));
  }
}

std::string ToolUses::tool_name(const std::string& path) {
  if (!path.starts_with("/usr/")) return "./" + printable_name(base_name(path));
  const auto known = tool_names_.find(path);
  if (known != tool_names_.end()) return known->second;
  return tool_names_.emplace(path, name_in_image(path)).first->second;
}

void ToolUses::add(const executor::ExecEvent& event) {
  ToolUse use;
  use.tool = tool_name(event.path);
  use.script = script_named_by(event, scripts_);
  use.digest = event.digest;
  use.args_hash = keyed_hash(encode_arguments(event.argv), disclosure_key_);
  end({.pid = event.pid, .exit_code = -SIGKILL});  // of one whose end nobody told, if there is any
  running_.emplace(event.pid, std::move(use));
}

void ToolUses::end(const executor::ExecEnd& event) {
  const auto ended = running_.find(event.pid);
  if (ended == running_.end()) return;
  ended->second.exit_code = event.exit_code;
  count(ended->second);
  running_.erase(ended);
}

void ToolUses::count(const ToolUse& use) {
  if (told_ != Told::apart) return merge(use, 1);
  ++counted_[use];
  if (counted_.size() <= tool_uses_max) return;
  told_ = Told::by_program;
  for (const auto& [one, times] : std::exchange(counted_, {})) merge(one, times);
}

void ToolUses::merge(const ToolUse& use, std::int64_t times) {
  together_.hash.add(bytes_of(encode_use(use)), static_cast<std::uint64_t>(times));
  together_.count += times;
  if (told_ == Told::together) return;
  Merged& program = by_program_[{use.tool, use.digest, use.exit_code}];
  program.hash.add(bytes_of(use.args_hash), static_cast<std::uint64_t>(times));
  program.count += times;
  if (by_program_.size() <= tool_uses_max) return;
  told_ = Told::together;
  by_program_.clear();
}

std::vector<ToolUse> ToolUses::merged_uses() const {
  const auto use_of = [this](const Merged& merged) {
    ToolUse use;
    use.args_hash = keyed_hash(crypto::to_text(merged.hash.digest()), disclosure_key_);
    use.count = merged.count;
    return use;
  };
  if (told_ == Told::together) {
    ToolUse all = use_of(together_);
    all.tool = "*";
    all.digest = together_.hash.digest();
    return {all};
  }
  std::vector<ToolUse> uses;
  for (const auto& [program, merged] : by_program_) {
    ToolUse use = use_of(merged);
    std::tie(use.tool, use.digest, use.exit_code) = program;
    uses.push_back(std::move(use));
  }
  return uses;
}

std::vector<ToolUse> ToolUses::finish() && {
  // A record that is whole has an end for each.
  while (!running_.empty()) end({.pid = running_.begin()->first, .exit_code = -SIGKILL});
  if (told_ != Told::apart) return merged_uses();
  std::vector<ToolUse> uses;
  uses.reserve(counted_.size());
  for (const auto& [use, times] : counted_) {
    uses.push_back(use);
    uses.back().count = times;
  }
  return uses;
}

}  // namespace mayfly::pipeline
