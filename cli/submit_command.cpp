// `mayfly submit`: one job at a service that was verified first, over data that only it can open.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "api/execute_reply.hpp"
#include "base/text_encoding.hpp"
#include "cli/command.hpp"
#include "cli/destination.hpp"
#include "cli/exit_code.hpp"
#include "cli/input_file.hpp"
#include "cli/json_text.hpp"
#include "cli/policy_argument.hpp"
#include "cli/print.hpp"
#include "cli/progress.hpp"
#include "cli/returned_certificate.hpp"
#include "cli/run_outputs.hpp"
#include "cli/sealed_sender.hpp"
#include "cli/send_to_simulated.hpp"
#include "cli/session_check.hpp"
#include "cli/submit_request.hpp"
#include "cli/workshop.hpp"
#include "crypto/wipe.hpp"
#include "pipeline/entry_point.hpp"

namespace mayfly::cli {
namespace {

using verifier::Verdict;

struct SubmitOptions {
  std::string url;
  std::string policy = "default";
  std::string software;
  std::string simulated_reason;
  std::string token_file;
  std::string dataset;
  std::string patience = "1h";
  std::string output;
  std::string trace;
  bool json = false;
  bool quiet = false;
  SubmitRequest request;
};

// csv, json or txt: what a service takes.
Result<void> settle_dataset(SubmitOptions& options) {
  SubmitRequest& request = options.request;
  request.has_dataset = !options.dataset.empty();
  if (!request.has_dataset) {
    if (request.dataset_format.empty()) return {};
    return fail(ErrorCode::malformed, "--dataset-format without --dataset says nothing");
  }
  std::error_code unknown;
  if (std::filesystem::is_directory(options.dataset, unknown)) {
    return fail(ErrorCode::malformed, "--dataset: a service takes one file, not a folder");
  }
  if (request.dataset_format.empty()) {
    const std::string extension = std::filesystem::path(options.dataset).extension().string();
    if (extension != ".csv" && extension != ".json" && extension != ".txt") {
      return fail(ErrorCode::malformed,
                  "--dataset: say what it is: --dataset-format csv, json or txt");
    }
    request.dataset_format = extension.substr(1);
  }
  if (options.dataset == "-") return {};
  auto checked = check_dataset(options.dataset);
  if (!checked) return std::unexpected(std::move(checked).error().while_doing("--dataset"));
  return {};
}

Result<std::optional<UniqueFd>> open_dataset(const std::string& path) {
  if (path.empty()) return std::optional<UniqueFd>();
  UniqueFd file(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                            : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail_errno("--dataset " + path);
  return std::optional(std::move(file));
}

// What was asked for and not given is said, though the certificate is whole.
Result<void> write_trace(const SubmitOptions& options, RunOutputs& outputs,
                         const ReturnedCertificate& returned) {
  if (options.trace.empty()) return {};
  if (!returned.trace) {
    return fail(ErrorCode::unavailable,
                fmt::format("--trace: the answer has no trace: a service gives none of more than "
                            "{} MiB; the certificate is whole",
                            api::trace_reply_bytes_max / (1024 * 1024)));
  }
  return outputs.write_trace(bytes_of(*returned.trace));
}

// Nothing but a verified service is sent anything, unless somebody said why that is acceptable.
bool may_send(Verdict verdict, const std::optional<SendToSimulated>& permission) {
  return verdict == Verdict::verified || (verdict == Verdict::unattested && permission);
}

int refuse_to_send(const SubmitOptions& options, const CheckedSession& checked) {
  const Verdict verdict = checked.judgement.verdict;
  if (options.json) {
    print("{{\"exit_code\":{},\"report\":{},\"sent\":false,\"session_verdict\":\"{}\"}}\n",
          exit_code(verdict), checked.judgement.report_json, to_string(verdict));
  } else if (!options.quiet) {
    say("{}", checked.judgement.report_text);
  }
  say("mayfly: nothing was sent: the service is {}{}\n", to_string(verdict),
      verdict == Verdict::unattested
          ? "; --send-to-simulated REASON sends to it all the same, for trying things out"
          : "");
  return exit_code(verdict);
}

struct Done {
  SealedAnswer answer;
  ReturnedCertificate returned;
};

void tell(const SubmitOptions& options, const CheckedSession& checked, const Done& done) {
  const auto& [answer, returned] = done;
  const verifier::Stated& stated = returned.stated;
  if (!options.json) {
    if (options.output != "-" && options.trace != "-") put_out(returned.job_output);
    put_err(returned.job_errors);
    if (options.quiet) return;
    complain(fmt::format("{}; the job {}, exit code {}; certificate {}",
                         to_string(returned.verdict), stated.result_status, stated.result_exit_code,
                         stated.certificate_id));
    return;
  }
  const std::string simulated =
      options.simulated_reason.empty() ? "null" : json_text(options.simulated_reason);
  print(
      "{{\"certificate_id\":{},\"claim_hash\":{},\"dataset_bytes\":{},\"dataset_hash\":{},"
      "\"exit_code\":{},\"output\":{},\"sent\":true,\"sent_to_simulated\":{},"
      "\"session_verdict\":\"{}\",\"signer\":\"{}\",\"status\":{},\"verdict\":\"{}\","
      "\"written_to\":{}}}\n",
      json_text(stated.certificate_id), json_text(stated.claim_hash), answer.dataset_bytes,
      json_text(stated.dataset_hash), returned.exit_code(), json_text(returned.job_output),
      simulated, to_string(checked.judgement.verdict), hex_encode(checked.session.manifest.signer),
      json_text(stated.result_status), to_string(returned.verdict), json_text(options.output));
}

Result<SealedAnswer> send(const SubmitOptions& options, const Destination& destination,
                          const CheckedSession& checked, std::string request_json) {
  TRY(const auto dataset, open_dataset(options.dataset));
  Progress progress(options.quiet ? Progress::Mode::quiet : Progress::Mode::terminal_only);
  auto answer =
      send_sealed(destination, checked.session, request_json, dataset ? &*dataset : nullptr,
                  [&](std::uint64_t bytes) { progress.reading(bytes); });
  crypto::wipe({reinterpret_cast<std::uint8_t*>(request_json.data()), request_json.size()});
  return answer;
}

Result<Done> send_and_take(const SubmitOptions& options, const Destination& destination,
                           const CheckedSession& checked, const Bytes& nonce,
                           std::string request_json, const verifier::Policy& policy) {
  Done done;
  TRY(done.answer, send(options, destination, checked, std::move(request_json)));
  TRY(done.returned,
      take_certificate(destination, {.signer = checked.session.manifest.signer, .nonce = nonce},
                       done.answer, policy, system_clock_now()));
  return done;
}

Result<int> submit(SubmitOptions options) {
  CHECK_OK(settle_dataset(options));
  if (options.json && (options.output == "-" || options.trace == "-")) {
    return fail(ErrorCode::malformed,
                "--json and the certificate or trace cannot both go to standard output: name a "
                "file for -o and --trace");
  }
  options.request.wants_trace = !options.trace.empty();
  const Bytes nonce = fresh_nonce();
  TRY(Destination destination, destination_from(options.url, options.token_file, options.patience));
  TRY(std::string request_json, submit_request_json(options.request, nonce));
  TRY(const verifier::Policy policy, policy_argument(options.policy));
  TRY(RunOutputs outputs, RunOutputs::open(options.output, options.trace));
  std::optional<SendToSimulated> permission;
  if (!options.simulated_reason.empty()) permission.emplace(options.simulated_reason);

  TRY(const CheckedSession checked, check_session({.url = destination.base,
                                                   .nonce = nonce,
                                                   .software = options.software,
                                                   .token = destination.token},
                                                  policy, system_clock_now()));
  if (checked.software_differs || !may_send(checked.judgement.verdict, permission)) {
    return refuse_to_send(options, checked);
  }
  if (checked.judgement.verdict == Verdict::unattested) {
    say("mayfly: WEAKENED: sent to a service that no hardware vouches for: {}\n",
        json_text(options.simulated_reason));
  }
  auto done = send_and_take(options, destination, checked, nonce, std::move(request_json), policy);
  if (!done && done.error().code() == ErrorCode::rejected) {
    report_error(done.error());
    return exit_code(Verdict::contradicted);
  }
  if (!done) return std::unexpected(std::move(done).error());
  CHECK_OK(outputs.write_certificate(done->returned.certificate));
  const auto traced = write_trace(options, outputs, done->returned);
  tell(options, checked, *done);
  CHECK_OK(traced);
  return done->returned.exit_code();
}

void add_service_options(Verb verb, SubmitOptions& options) {
  verb.add_option("--url", options.url, "where the service answers").required().type_name("URL");
  verb.add_option("--policy", options.policy,
                  "what the service and the certificate must satisfy: a document, or: default, "
                  "genuine-only")
      .type_name("FILE|NAME")
      .shows_default();
  verb.add_option("--software", options.software, "the digest that its program must have")
      .type_name("sha256:HEX");
  verb.add_option("--send-to-simulated", options.simulated_reason,
                  "why data may go to a service that no hardware vouches for")
      .type_name("REASON");
  verb.add_option("--token-file", options.token_file,
                  "file with the service's token; without it, the variable MAYFLY_TOKEN")
      .type_name("FILE");
  verb.add_option("--wait", options.patience, "how long the answer may take")
      .type_name("1h")
      .shows_default();
  verb.add_option("-o,--output", options.output, "write the certificate here; - is standard output")
      .type_name("FILE")
      .required();
  verb.add_option("--trace", options.trace, "write the full trace here, a JSON object per line")
      .type_name("FILE");
  verb.add_flag("--private", options.request.is_private,
                "nobody else may see the certificate at the service (needs a token)");
  verb.add_flag("--json", options.json, "print one JSON object instead of the job's output");
  verb.add_flag("-q,--quiet", options.quiet, "no summary");
}

void add_job_options(Verb verb, SubmitOptions& options) {
  SubmitRequest& request = options.request;
  verb.add_option("--dataset", options.dataset, "file; - reads standard input").type_name("PATH");
  verb.add_option("--dataset-format", request.dataset_format, "csv, json or txt")
      .one_of({"csv", "json", "txt"});
  verb.add_option("--script", request.scripts, "script to run (the first is the entry point)")
      .type_name("FILE")
      .one_value_each();
  verb.add_option("--file", request.files, "further file to lay beside it, in /work")
      .type_name("FILE")
      .one_value_each();
  verb.add_option("--language", request.language,
                  "what the script is written in: " + pipeline::known_languages())
      .type_name("NAME");
  verb.add_option("--step", request.steps, "shell command to run first, in a sandbox of its own")
      .type_name("COMMAND")
      .one_value_each();
  verb.add_option("--tool", request.tools, "program the job may execute; none given: any")
      .type_name("NAME")
      .one_value_each();
  verb.add_option("--system-calls", request.system_calls,
                  "those the job may make, as mayfly run --policy")
      .type_name("NAME")
      .shows_default();
  verb.add_option("--determinism", request.determinism, "as mayfly run")
      .one_of({"deterministic", "seeded"})
      .shows_default();
  verb.add_option("--assert", request.assertions, "threshold fixed now, judged on the result")
      .type_name("'accuracy>=0.95'")
      .one_value_each();
  verb.add_option("--env", request.environment, "environment variable for the job")
      .type_name("NAME=VALUE")
      .one_value_each();
  verb.add_option("--limits", request.limits, "as mayfly run: wall=300s,memory=512m");
  verb.add_option("--may-withhold", request.withhold, "as mayfly run")
      .type_name("LIST")
      .separated_by_commas()
      .one_value_each();
  add_llm_options(verb, request.llm);
  verb.add_option("command", request.command, "a command instead of a script, after --")
      .type_name("COMMAND ARG...");
}

}  // namespace

void add_submit(Verb program, Action& chosen) {
  Verb verb =
      program.add_verb("submit", "run one job at a verified service, over data sealed to it");
  auto options = std::make_shared<SubmitOptions>();
  add_service_options(verb, *options);
  add_job_options(verb, *options);
  verb.footer(
      "Exit codes: those of the certificate's verdict, as mayfly attest: 0 verified, 1 "
      "contradicted,\n"
      "2 malformed, 3 inconclusive, 4 refused by policy, 5 not hardware-attested; 6 the job did "
      "not\n"
      "succeed, which the certificate says too; 64 usage, no answer or refused by the service, 70\n"
      "internal.\n"
      "Example:\n"
      "  mayfly submit --url http://127.0.0.1:8420 --policy mine.json --dataset patients.csv \\\n"
      "    --script pii_scanner.py -o cert.json");
  choose_judging(verb, chosen, [options] { return submit(*options); });
}

}  // namespace mayfly::cli
