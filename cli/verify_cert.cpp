// verify-cert: the standalone, offline verifier. Composition only.
#include <exception>
#include <string>
#include <vector>

#include "cli/judge_batch.hpp"
#include "cli/judge_certificate.hpp"
#include "cli/policy_argument.hpp"
#include "cli/standard_streams.hpp"
#include "cli/verify_cert_arguments.hpp"
#include "verifier/inert_text.hpp"
#include "verifier/verdict.hpp"

namespace {

using namespace mayfly;

constexpr std::size_t error_bytes_max = 4096;

int complain(const Error& error) {
  const std::string message = verifier::inert_text(error.message(), error_bytes_max);
  cli::put_err("verify-cert: " + message + "\n");
  return error.code() == ErrorCode::internal ? exit_code(verifier::Verdict::internal)
                                             : verifier::exit_code_usage;
}

Result<int> judge_all(const cli::VerifyCertArguments& arguments) {
  if (arguments.action == cli::VerifyCertAction::explain_codes) return cli::explain_codes();
  cli::JudgeOptions options{.dataset = arguments.dataset,
                            .at = arguments.at,
                            .log_policy = arguments.log_policy,
                            .log = arguments.log,
                            .tsa_roots = arguments.tsa_roots,
                            .trace = arguments.trace,
                            .form = arguments.form};
  TRY(options.policy, cli::policy_argument(arguments.policy.value_or("default")));
  if (arguments.colour == cli::ColourChoice::automatic) {
    options.colour = cli::colour_of_standard_output();
  }
  if (arguments.action == cli::VerifyCertAction::batch) {
    return cli::judge_batch(arguments.certificate, options);
  }
  TRY(const Bytes certificate, cli::read_certificate(arguments.certificate));
  if (arguments.action == cli::VerifyCertAction::compare) {
    TRY(const Bytes other, cli::read_certificate(arguments.other));
    return cli::compare_certificates(certificate, other, options);
  }
  return cli::judge_certificate(certificate, options);
}

int run_arguments(const std::vector<std::string_view>& words) {
  const auto arguments = cli::parse_verify_cert(words);
  if (!arguments) {
    const int code = complain(arguments.error());
    cli::put_err("Try: verify-cert --help\n");
    return code;
  }
  switch (arguments->action) {
    case cli::VerifyCertAction::help:
      cli::put_out(cli::verify_cert_help);
      return cli::finish("verify-cert", 0);
    case cli::VerifyCertAction::version:
      cli::put_out("verify-cert " MAYFLY_VERSION "\n");
      return cli::finish("verify-cert", 0);
    case cli::VerifyCertAction::verify:
    case cli::VerifyCertAction::compare:
    case cli::VerifyCertAction::batch:
    case cli::VerifyCertAction::explain_codes: break;
  }
  const auto code = judge_all(*arguments);
  return code ? *code : complain(code.error());
}

}  // namespace

int main(int argc, char** argv) {
  if (!mayfly::cli::hold_standard_descriptors()) {
    return exit_code(mayfly::verifier::Verdict::internal);
  }
  try {
    return run_arguments({argv + (argc > 0 ? 1 : 0), argv + argc});
  } catch (const std::exception&) {  // out of memory: the one thing the standard library throws
    mayfly::cli::put_err("verify-cert: out of memory\n");
    return exit_code(mayfly::verifier::Verdict::internal);
  }
}
