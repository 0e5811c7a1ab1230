#include "pipeline/entry_point.hpp"

#include <algorithm>
#include <array>

namespace mayfly::pipeline {
namespace {

using Scripts = std::vector<executor::ScriptFile>;
using Command = std::vector<std::string>;

// A language is its names (the first is ours), its extensions, and how its sources become a
// command.
struct Language {
  std::array<std::string_view, 4> names;
  std::array<std::string_view, 4> extensions;
  std::string_view policy;
  EntryPoint (*plan)(const std::string& entry, const Command& sources);
};

template <const char* program>
EntryPoint interpreted(const std::string& entry, const Command&) {
  return {.build = {}, .run = {program, entry}};
}

EntryPoint built(Command build, const Command& sources) {
  build.insert(build.end(), sources.begin(), sources.end());
  return {.build = std::move(build), .run = {"./" + std::string(built_program)}};
}

EntryPoint plan_c(const std::string&, const Command& sources) {
  EntryPoint plan = built({"gcc", "-O2", "-o", std::string(built_program)}, sources);
  plan.build.emplace_back("-lm");
  return plan;
}

EntryPoint plan_cpp(const std::string&, const Command& sources) {
  return built({"g++", "-O2", "-std=c++20", "-o", std::string(built_program)}, sources);
}

// Its cache would otherwise lie in /work and be handed on. With several threads it asks its
// assembler for its version once or twice, as chance has it, and a claim counts what was executed.
EntryPoint plan_go(const std::string&, const Command& sources) {
  return built({"env", "GOCACHE=/tmp/go-build", "GOMAXPROCS=1", "go", "build", "-trimpath", "-p",
                "1", "-o", std::string(built_program)},
               sources);
}

// One crate: rustc finds the other files by their "mod" lines.
EntryPoint plan_rust(const std::string& entry, const Command&) {
  return built({"rustc", "--edition", "2021", "-O", "-o", std::string(built_program)}, {entry});
}

EntryPoint plan_java(const std::string& entry, const Command& sources) {
  const std::string classes(built_classes);
  EntryPoint plan = built({"javac", "-d", classes}, sources);
  const std::size_t slash = entry.rfind('/');
  const std::string file = slash == std::string::npos ? entry : entry.substr(slash + 1);
  plan.run = {"java", "-cp", classes, file.substr(0, file.rfind('.'))};
  return plan;
}

constexpr char python3[] = "python3";
constexpr char node[] = "node";
constexpr char bash[] = "bash";
constexpr char perl[] = "perl";

constexpr std::array languages = {
    Language{{"python", "python3", "py"}, {".py"}, "python", interpreted<python3>},
    Language{
        {"javascript", "node", "nodejs", "js"}, {".js", ".mjs", ".cjs"}, "node", interpreted<node>},
    Language{{"shell", "bash", "sh"}, {".sh"}, "shell", interpreted<bash>},
    Language{{"perl"}, {".pl"}, "", interpreted<perl>},
    Language{{"c"}, {".c"}, "c", plan_c},
    Language{{"cpp", "c++", "cxx"}, {".cpp", ".cc", ".cxx"}, "c", plan_cpp},
    Language{{"go", "golang"}, {".go"}, "go", plan_go},
    Language{{"rust", "rs"}, {".rs"}, "rust", plan_rust},
    Language{{"java"}, {".java"}, "java", plan_java},
};

std::string_view extension_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  const std::size_t slash = name.rfind('/');
  if (dot == std::string_view::npos) return {};
  if (slash != std::string_view::npos && dot < slash) return {};
  return name.substr(dot);
}

bool has(const std::array<std::string_view, 4>& words, std::string_view word) {
  return !word.empty() && std::ranges::find(words, word) != words.end();
}

const Language* language_of_extension(std::string_view name) {
  const auto found = std::ranges::find_if(
      languages, [&](const Language& one) { return has(one.extensions, extension_of(name)); });
  return found == languages.end() ? nullptr : &*found;
}

Result<const Language*> language_named(std::string_view name) {
  const auto found =
      std::ranges::find_if(languages, [&](const Language& one) { return has(one.names, name); });
  if (found != languages.end()) return &*found;
  return fail(ErrorCode::malformed, "language \"" + std::string(name) +
                                        "\" is not known: use one of " + known_languages() +
                                        ", or name the command");
}

std::string known_extensions() {
  std::string text;
  for (const Language& one : languages) {
    for (const std::string_view extension : one.extensions) {
      if (!extension.empty()) text += (text.empty() ? "" : " ") + std::string(extension);
    }
  }
  return text;
}

Result<const executor::ScriptFile*> named_script(const Scripts& scripts, std::string_view name) {
  const auto found = std::ranges::find(scripts, name, &executor::ScriptFile::name);
  if (found != scripts.end()) return &*found;
  return fail(ErrorCode::malformed,
              "there is no script \"" + std::string(name) + "\" to start with");
}

Result<const executor::ScriptFile*> main_script(const Scripts& scripts) {
  if (scripts.empty()) {
    return fail(ErrorCode::malformed,
                "nothing to run: give a script (--script main.py, or sandbox.scripts) or a command "
                "(-- COMMAND ARG..., or sandbox.entrypoint)");
  }
  if (scripts.size() == 1) return &scripts.front();
  const executor::ScriptFile* found = nullptr;
  for (const executor::ScriptFile& script : scripts) {
    const bool is_main = script.name.starts_with("main.") || script.name == "Main.java";
    if (!is_main) continue;
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

Command sources_of(const Language& language, const Scripts& scripts, const std::string& entry) {
  Command sources;
  for (const executor::ScriptFile& script : scripts) {
    const bool is_source = has(language.extensions, extension_of(script.name));
    if (is_source || script.name == entry) sources.push_back(script.name);
  }
  std::ranges::sort(sources);
  return sources;
}

Result<void> check_free(const Scripts& scripts, std::string_view built_name) {
  for (const executor::ScriptFile& script : scripts) {
    if (script.name != built_name && !script.name.starts_with(std::string(built_name) + "/")) {
      continue;
    }
    return fail(ErrorCode::malformed,
                "script \"" + script.name + "\" has the name that the build writes: rename it");
  }
  return {};
}

}  // namespace

Result<std::string> script_name(std::string_view language) {
  TRY(const Language* const found, language_named(language));
  const bool is_java = found->extensions.front() == ".java";
  return (is_java ? "Main" : "main") + std::string(found->extensions.front());
}

std::string known_languages() {
  std::string text;
  for (const Language& one : languages) {
    text += (text.empty() ? "" : ", ") + std::string(one.names.front());
  }
  return text;
}

Result<EntryPoint> entry_point(const Scripts& scripts, std::string_view script,
                               std::string_view language) {
  TRY(const executor::ScriptFile* const entry,
      script.empty() ? main_script(scripts) : named_script(scripts, script));
  const Language* found = language_of_extension(entry->name);
  if (!language.empty()) {
    TRY(found, language_named(language));
  }
  if (found != nullptr) {
    EntryPoint plan = found->plan(entry->name, sources_of(*found, scripts, entry->name));
    plan.policy = found->policy;
    if (!plan.build.empty()) {
      CHECK_OK(check_free(scripts, built_program));
      CHECK_OK(check_free(scripts, built_classes));
    }
    return plan;
  }
  // Scripts are executable: "#!" names its own interpreter, and ELF needs none.
  const std::string_view contents = text_of(entry->contents);
  if (contents.starts_with("#!") || contents.starts_with("\x7f"
                                                         "ELF")) {
    return EntryPoint{.build = {}, .run = {"./" + entry->name}};
  }
  return fail(ErrorCode::malformed,
              "no language is known for \"" + entry->name + "\": use one of " + known_extensions() +
                  ", name the language, begin it with #!, or name the command");
}

}  // namespace mayfly::pipeline
