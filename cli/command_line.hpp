// The words after the program's name, read by the verbs that were added.
//
// Errors    malformed: a message for people, which names what was probably meant.
// Threads   Before any other.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "cli/verb.hpp"

namespace mayfly::cli {

using Words = std::span<const std::string_view>;  // of the command line, without the program's name

class CommandLine {
 public:
  CommandLine(const char* what, const char* version);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;
  CommandLine(CommandLine&&) = delete;
  CommandLine& operator=(CommandLine&&) = delete;

  Verb program() const { return Verb(*app_); }
  std::string help() const;

  // Absent: a verb was chosen. Else the text that was asked for: --help, --version.
  Result<std::optional<std::string>> parse(Words words);

  // Prints the message and where to read on; returns the exit status.
  int report_usage(Words words, std::string_view message) const;

 private:
  std::unique_ptr<CLI::App> app_;
};

}  // namespace mayfly::cli
