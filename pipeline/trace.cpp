#include "pipeline/trace.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <tuple>

#include "base/text_encoding.hpp"
#include "certificate/canonical_writer.hpp"
#include "crypto/random.hpp"
#include "executor/tools.hpp"
#include "pipeline/file_summary.hpp"
#include "pipeline/model_record.hpp"
#include "pipeline/utf8_text.hpp"
#include "transparency/merkle.hpp"
#include "transparency/trace_leaf.hpp"

namespace mayfly::pipeline {
namespace {

constexpr std::string_view temporary_folder = "/tmp/";

bool in_file_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

// Length-prefixed, so that no two argument lists have one encoding.
std::string encode_arguments(const std::vector<std::string>& argv) {
  std::string text;
  for (const std::string& argument : argv) {
    const std::string stable = without_temporary_names(argument);
    text += std::to_string(stable.size()) + ":" + stable + ",";
  }
  return text;
}

std::string base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

std::string tool_name(const std::string& path) {
  const std::string own = printable_name(base_name(path));
  if (!path.starts_with("/usr/")) return "./" + own;
  const auto tool = executor::tool_of_program(path);
  return !tool || *tool == "coreutils" ? own : std::string(*tool);
}

// "python3 -u main.py", "./main.sh": the executed file, or else the first argument that is no
// option. A job may have changed its folder or the file since: this is a name, not a measurement.
std::optional<std::string> named_script(const executor::ExecEvent& event,
                                        const std::vector<executor::ScriptFile>& scripts) {
  const auto submitted = [&](std::string_view name) {
    for (const std::string_view folder : {"/work/", "./"}) {
      if (name.starts_with(folder)) name.remove_prefix(folder.size());
    }
    return std::ranges::find(scripts, name, &executor::ScriptFile::name);
  };
  auto found = event.path.starts_with("/work/") ? submitted(event.path) : scripts.end();
  for (std::size_t i = 1; i < event.argv.size() && found == scripts.end(); ++i) {
    if (event.argv[i].starts_with('-')) continue;
    found = submitted(event.argv[i]);
    break;
  }
  return found == scripts.end() ? std::nullopt : std::optional(found->name);
}

// A job can make any number of different executions; its certificate must still be one that can be
// read. Past this many the arguments are no longer told apart, past it again nothing is.
constexpr std::size_t tool_uses_max = 4096;
enum class Merge : std::uint8_t { arguments, everything };

// Equal but for what is merged becomes one: the merged hashes are hashed together, in order.
std::vector<certificate::ToolUse> merge(std::vector<certificate::ToolUse> uses, Merge what,
                                        const crypto::Sha256& disclosure_key) {
  const auto key = [what](const certificate::ToolUse& use) {
    return what == Merge::everything
               ? std::tuple(std::string("*"), crypto::Sha256(), std::int64_t{0})
               : std::tuple(use.tool, use.digest, use.exit_code);
  };
  std::map<decltype(key(uses.front())), std::pair<std::string, std::int64_t>> merged;
  for (const certificate::ToolUse& use : uses) {
    auto& [hashed, count] = merged[key(use)];
    hashed +=
        use.args_hash + (what == Merge::everything ? hex_encode(use.digest.bytes) : "") + "\n";
    count += use.count;
  }
  uses.clear();
  for (const auto& [parts, sum] : merged) {
    const auto& [tool, digest, exit_code] = parts;
    certificate::ToolUse use;
    use.tool = tool;
    use.digest = what == Merge::everything ? crypto::sha256(bytes_of(sum.first)) : digest;
    use.args_hash = keyed_hash(sum.first, disclosure_key);
    use.exit_code = exit_code;
    use.count = sum.second;
    uses.push_back(std::move(use));
  }
  return uses;
}

std::string_view name_of(executor::FileCall call) {
  using enum executor::FileCall;
  switch (call) {
    case read: return "open-read";
    case write: return "open-write";
    case create: return "open-create";
    case make_directory: return "mkdir";
    case make_node: return "mknod";
    case remove: return "remove";
    case rename: return "rename";
    case link: return "link";
    case symlink: return "symlink";
    case truncate: return "truncate";
    case connect: return "connect";
    case bind: return "bind";
    case refuse: return "refused-call";
    case send: return "send";
    case execute: return "exec-failed";
  }
  return "open-read";
}

Result<std::string> event_json(const executor::FileEvent& event) {
  certificate::CanonicalWriter writer;
  writer.begin_object();
  writer.member("at_us", event.at_us);
  writer.member("error", event.error);
  writer.member("event", name_of(event.call));
  writer.member("path", printable_name(event.path));
  writer.member("pid", event.pid);
  if (!event.second.empty()) writer.member("second", printable_name(event.second));
  writer.end_object();
  return std::move(writer).finish();
}

Result<std::string> event_json(const executor::ExecEvent& event) {
  certificate::CanonicalWriter writer;
  writer.begin_object();
  writer.name("argv");
  writer.begin_array();
  for (const std::string& argument : event.argv) writer.string(printable_name(argument));
  writer.end_array();
  writer.member("at_us", event.at_us);
  writer.member("digest", crypto::to_text(event.digest));
  writer.member("event", event.denied ? "exec-denied" : "exec");
  writer.member("exit_code", event.exit_code);
  writer.member("parent", event.parent);
  writer.member("path", printable_name(event.path));
  writer.member("pid", event.pid);
  writer.name("replaced");
  writer.boolean(event.replaced);
  writer.member("size", static_cast<std::int64_t>(event.size_bytes));
  writer.end_object();
  return std::move(writer).finish();
}

}  // namespace

// Executions and file calls were recorded by two processes with one clock.
// The gateway is a third one, whose clock is that of the calendar: its events are as near to their
// place as the two clocks agree.
Result<SealedTrace> seal_trace(const executor::RunReport& report,
                               const std::vector<gateway::CallRecord>& calls) {
  SealedTrace trace;
  transparency::RootBuilder tree;
  TRY(const std::vector<CallEvent> asked, call_events(calls, report.execution_started));
  const auto seal_json = [&](const std::string& json) {
    transparency::TraceSalt salt;
    crypto::fill_random(salt);
    tree.append(transparency::trace_leaf(salt, bytes_of(json)));
    trace.lines.push_back("{\"event\":" + json + ",\"salt\":\"" + hex_encode(salt) + "\"}");
  };
  auto call = asked.begin();
  const auto seal = [&](const auto& event) -> Result<void> {
    while (call != asked.end() && call->at_us <= event.at_us) seal_json((call++)->json);
    TRY(const std::string json, event_json(event));
    seal_json(json);
    return {};
  };
  auto execution = report.executions.begin();
  for (const executor::FileEvent& event : report.files.events) {
    while (execution != report.executions.end() && execution->at_us <= event.at_us) {
      CHECK_OK(seal(*execution++));
    }
    CHECK_OK(seal(event));
  }
  while (execution != report.executions.end()) CHECK_OK(seal(*execution++));
  while (call != asked.end()) seal_json((call++)->json);
  trace.root = tree.root();
  return trace;
}

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

std::vector<certificate::ToolUse> aggregate_executions(
    const std::vector<executor::ExecEvent>& executions,
    const std::vector<executor::ScriptFile>& scripts, const crypto::Sha256& disclosure_key) {
  std::map<certificate::ToolUse, std::int64_t> counted;
  std::map<std::string_view, std::string> tools;  // by path: looked up in the table once
  for (const executor::ExecEvent& event : executions) {
    certificate::ToolUse use;
    auto& tool = tools[event.path];
    if (tool.empty()) tool = tool_name(event.path);
    use.tool = tool;
    use.script = named_script(event, scripts);
    use.digest = event.digest;
    use.args_hash = keyed_hash(encode_arguments(event.argv), disclosure_key);
    use.exit_code = event.exit_code;
    ++counted[use];
  }
  std::vector<certificate::ToolUse> uses;
  uses.reserve(counted.size());
  for (const auto& [use, count] : counted) {
    uses.push_back(use);
    uses.back().count = count;
  }
  if (uses.size() > tool_uses_max) uses = merge(std::move(uses), Merge::arguments, disclosure_key);
  if (uses.size() > tool_uses_max) uses = merge(std::move(uses), Merge::everything, disclosure_key);
  return uses;
}

}  // namespace mayfly::pipeline
