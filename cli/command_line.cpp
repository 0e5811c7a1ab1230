#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <sstream>
#include <utility>
#include <vector>

#include "cli/usage_error.hpp"

namespace mayfly::cli {

CommandLine::CommandLine(const char* what, const char* version)
    : app_(std::make_unique<CLI::App>(what)) {
  app_->name("mayfly");
  app_->set_version_flag("--version", version);
  app_->require_subcommand(1);
}

CommandLine::~CommandLine() = default;

std::string CommandLine::help() const {
  return app_->help();
}

Result<std::optional<std::string>> CommandLine::parse(Words words) {
  CHECK_OK(check_words(*app_, words));
  try {
    app_->parse(
        std::vector<std::string>(words.rbegin(), words.rend()));  // it takes them off the end
  } catch (const CLI::Success& asked) {                           // --help, --version
    std::ostringstream text;
    app_->exit(asked, text, text);
    return std::move(text).str();
  } catch (const CLI::ParseError& error) {
    return fail(ErrorCode::malformed, explain(*app_, error, words));
  }
  CHECK_OK(check_values(*app_));
  return std::nullopt;
}

int CommandLine::report_usage(Words words, std::string_view message) const {
  return cli::report_usage(*app_, words, message);
}

}  // namespace mayfly::cli
