// mayfly: one command line for people. Composition only; each verb is in its own file.
#include <algorithm>
#include <csignal>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/print.hpp"

namespace {

using namespace mayfly;
using cli::ExitCode;

void add_verbs(cli::Verb program, cli::Action& chosen) {
  cli::add_run(program, chosen);
  cli::add_verify(program, chosen);
  cli::add_show(program, chosen);
  cli::add_certificates(program, chosen);
  cli::add_canonical(program, chosen);
  cli::add_disclose(program, chosen);
  cli::add_log(program, chosen);
  cli::add_study(program, chosen);
  cli::add_token(program, chosen);
  cli::add_receipt(program, chosen);
  cli::add_reproduce(program, chosen);
  cli::add_serve(program, chosen);
  cli::add_attest(program, chosen);
  cli::add_submit(program, chosen);
  cli::add_evidence(program, chosen);
  cli::add_collateral(program, chosen);
  cli::add_tpm(program, chosen);
  cli::add_doctor(program, chosen);
}

int run_words(cli::Words words) {
  cli::CommandLine line(
      "Runs a job once over a private dataset, destroys the data, leaves a certificate.",
      "mayfly " MAYFLY_VERSION);
  cli::Action chosen;
  add_verbs(line.program(), chosen);
  if (words.empty()) {
    cli::put_out(line.help());
    return to_int(ExitCode::usage);
  }
  const auto asked = line.parse(words);
  if (!asked) return line.report_usage(words, asked.error().message());
  if (*asked) {
    cli::put_out(**asked);
    return to_int(ExitCode::ok);
  }
  return chosen ? chosen() : to_int(ExitCode::usage);
}

// Nothing of ours throws; what the standard library throws ends here, and is said.
int run_and_report(int argc, char** argv) {
  try {
    const std::vector<std::string_view> words(argv + std::min(argc, 1), argv + argc);
    return run_words(words);
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
