// Which command a set of scripts means when the request names none, and what must be built first.
//
// Shapes    {"main.py": ...} -> run ["python3", "main.py"]. {"main.c": ...} -> build ["gcc", ...,
//           "-o", "program", "main.c"], run ["./program"]. The language is the one named, else the
//           extension's; a script without a known one begins with "#!" or is an ELF program. Every
//           source file of that language is built together.
//           The entry is the script named, else the only one, else "main.*".
// Errors    malformed: no script, an ambiguous set, an unknown language or extension (lists the
//           known ones).
// Threads   Pure functions.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "executor/sandbox.hpp"

namespace mayfly::pipeline {

struct EntryPoint {
  std::vector<std::string> build;  // argv; empty: nothing to build
  std::vector<std::string> run;
  std::string_view policy{};  // the system-call policy of its language; empty: none is written
};

// `script` and `language` may be empty.
Result<EntryPoint> entry_point(const std::vector<executor::ScriptFile>& scripts,
                               std::string_view script, std::string_view language);

// The name that one script of a language gets: "main.py", "Main.java". malformed: no such language.
Result<std::string> script_name(std::string_view language);

// "c, cpp, go, ...": for messages and help.
std::string known_languages();

// Names that no submitted script may have when something is built: the build writes them.
inline constexpr std::string_view built_program = "program";
inline constexpr std::string_view built_classes = "classes";

}  // namespace mayfly::pipeline
