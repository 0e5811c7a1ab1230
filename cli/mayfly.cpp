// mayfly: one command line for people. Composition only; each verb is in its own file.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "cli/nearest.hpp"

namespace {

using mayfly::cli::ExitCode;

// CLI11 says that a verb is unknown; people want to know which one they meant.
void suggest_verb(const CLI::App& app, const char* given) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(verb->get_name());
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  if (const auto meant = mayfly::cli::nearest(given, views)) {
    fmt::print(stderr, "mayfly: did you mean \"{}\"?\n", *meant);
  }
}

int usage_error(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
  fmt::print(stderr, "mayfly: {}\n", error.what());
  if (argc > 1 && argv[1][0] != '-' && app.get_subcommands().empty()) suggest_verb(app, argv[1]);
  fmt::print(stderr, "mayfly: \"mayfly{} --help\" shows how it is used\n",
             app.get_subcommands().empty() ? std::string()
                                           : " " + app.get_subcommands().front()->get_name());
  return mayfly::cli::to_int(app.got_subcommand("verify") ? ExitCode::verify_usage
                                                          : ExitCode::usage);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // A reader that went away is an error of write(), not our end.
  CLI::App app("Runs a job once over a private dataset, destroys the data, leaves a certificate.");
  app.name("mayfly");
  app.set_version_flag("--version", "mayfly " MAYFLY_VERSION);
  app.require_subcommand(1);
  mayfly::cli::Action chosen;
  mayfly::cli::add_run(app, chosen);
  mayfly::cli::add_verify(app, chosen);
  mayfly::cli::add_show(app, chosen);
  mayfly::cli::add_certificates(app, chosen);
  mayfly::cli::add_canonical(app, chosen);
  mayfly::cli::add_serve(app, chosen);
  mayfly::cli::add_doctor(app, chosen);
  if (argc == 1) {
    fmt::print("{}", app.help());
    return mayfly::cli::to_int(ExitCode::usage);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error, argc, argv);
  }
  return chosen ? chosen() : mayfly::cli::to_int(ExitCode::usage);
}
