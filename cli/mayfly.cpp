// mayfly: one command line for people. Composition only; each verb is in its own file.
#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>
#include <new>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "cli/print.hpp"
#include "cli/usage_error.hpp"

namespace {

using namespace mayfly;
using cli::ExitCode;

int run_words(int argc, char** argv) {
  CLI::App app("Runs a job once over a private dataset, destroys the data, leaves a certificate.");
  app.name("mayfly");
  app.set_version_flag("--version", "mayfly " MAYFLY_VERSION);
  app.require_subcommand(1);
  cli::Action chosen;
  cli::add_run(app, chosen);
  cli::add_verify(app, chosen);
  cli::add_show(app, chosen);
  cli::add_certificates(app, chosen);
  cli::add_canonical(app, chosen);
  cli::add_disclose(app, chosen);
  cli::add_log(app, chosen);
  cli::add_study(app, chosen);
  cli::add_token(app, chosen);
  cli::add_receipt(app, chosen);
  cli::add_reproduce(app, chosen);
  cli::add_serve(app, chosen);
  cli::add_attest(app, chosen);
  cli::add_submit(app, chosen);
  cli::add_evidence(app, chosen);
  cli::add_collateral(app, chosen);
  cli::add_tpm(app, chosen);
  cli::add_doctor(app, chosen);
  if (argc < 2) {
    cli::put_out(app.help());
    return to_int(ExitCode::usage);
  }
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  if (const auto checked = cli::check_words(app, words); !checked) {
    return cli::report_usage(app, words, checked.error().message());
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    std::ostringstream text;
    app.exit(asked, text, text);
    cli::put_out(text.str());
    return to_int(ExitCode::ok);
  } catch (const CLI::ParseError& error) {
    return cli::report_usage(app, words, cli::explain(app, error, words));
  }
  if (const auto checked = cli::check_values(app); !checked) {
    return cli::report_usage(app, words, checked.error().message());
  }
  return chosen ? chosen() : to_int(ExitCode::usage);
}

// Nothing of ours throws; what the standard library throws ends here, and is said.
int run_and_report(int argc, char** argv) {
  try {
    return run_words(argc, argv);
  } catch (const std::bad_alloc&) {
    cli::put_err("mayfly: out of memory\n");
  } catch (const std::exception& error) {
    cli::complain(std::string("this should not happen, please report it: ") + error.what());
  }
  return to_int(ExitCode::failed);
}

}  // namespace

int main(int argc, char** argv) {
  if (!cli::hold_standard_descriptors()) return to_int(ExitCode::failed);
  // A reader that went away, or a file at its size limit, is an error of write() and not our end.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  return cli::finish("mayfly", run_and_report(argc, argv));
}
