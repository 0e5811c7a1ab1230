// `mayfly run`: one job over one dataset, no daemon, one certificate.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/text_encoding.hpp"
#include "certificate/assertions.hpp"
#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "cli/input_file.hpp"
#include "cli/interrupt.hpp"
#include "cli/limits_option.hpp"
#include "cli/llm_options.hpp"
#include "cli/log_files.hpp"
#include "cli/open_store.hpp"
#include "cli/outcome_text.hpp"
#include "cli/print.hpp"
#include "cli/progress.hpp"
#include "cli/quantities.hpp"
#include "cli/run_outputs.hpp"
#include "cli/run_summary.hpp"
#include "cli/study.hpp"
#include "cli/workshop.hpp"
#include "executor/request.hpp"
#include "executor/tools.hpp"
#include "pipeline/agent.hpp"
#include "pipeline/entry_point.hpp"
#include "pipeline/execute.hpp"
#include "pipeline/sandbox_spec.hpp"
#include "pipeline/stages.hpp"

namespace mayfly::cli {
namespace {

struct RunOptions {
  std::string dataset;
  std::string dataset_format;
  std::vector<std::string> scripts;
  std::vector<std::string> files;
  std::vector<std::string> steps;
  std::string language;
  std::vector<std::string> tools;
  std::string policy = "default";
  std::string determinism = "deterministic";
  std::vector<std::string> assertions;
  std::vector<std::string> environment;
  std::string limits;
  std::string timeout;
  std::string memory;
  std::string dataset_max;
  std::string nonce;
  std::string output;
  std::string trace;
  std::vector<std::string> withhold;
  std::string log_policy;
  std::string study;
  AttestChoice attest;
  LlmOptions llm;
  bool no_store = false;
  bool json = false;
  bool quiet = false;
  std::vector<std::string> command;
};

bool from_stdin(const RunOptions& options) {
  return options.dataset == "-";
}

// "csv" from the option, else from the file name, else "bin".
Result<std::string> dataset_format(const RunOptions& options) {
  if (options.dataset.empty()) return std::string("none");
  std::error_code unknown;
  if (!from_stdin(options) && std::filesystem::is_directory(options.dataset, unknown)) {
    if (!options.dataset_format.empty()) {
      return fail(ErrorCode::malformed,
                  "--dataset-format: " + options.dataset + " is a folder: leave it out");
    }
    return std::string("dir");
  }
  if (!options.dataset_format.empty()) return options.dataset_format;
  const std::string extension = std::filesystem::path(options.dataset).extension().string();
  if (extension == ".csv" || extension == ".json" || extension == ".txt") {
    return extension.substr(1);
  }
  return std::string("bin");
}

std::unexpected<Error> refused_dataset(const Error& error, const RunOptions& options,
                                       const intake::IntakeLimits& limits) {
  std::string text = "--dataset " + options.dataset + ": " + error.message();
  if (error.code() == ErrorCode::limit) {
    text += fmt::format("; --dataset-max is {}{}",
                        show_bytes(static_cast<std::int64_t>(limits.dataset_bytes_max)),
                        options.dataset_max.empty() ? ", by the memory available now" : "");
  }
  return fail(error.code(), text);
}

// A number out of its bounds on the command line is a mistake in it, not a limit that a run has
// met.
template <class T>
Result<T> as_usage(Result<T> result) {
  if (result || result.error().code() != ErrorCode::limit) return result;
  return fail(ErrorCode::malformed, result.error().message());
}

Result<std::optional<intake::Dataset>> take_dataset(const RunOptions& options,
                                                    const std::string& format) {
  if (options.dataset.empty()) return std::optional<intake::Dataset>();
  intake::IntakeLimits limits;
  TRY(limits.dataset_bytes_max, dataset_bytes_max(options.dataset_max));
  TRY(const intake::JobIdentity identity, executor::job_identity());
  const std::string name = "dataset." + format;
  Progress progress(options.quiet ? Progress::Mode::quiet : Progress::Mode::terminal_only);
  const auto tell = [&](std::uint64_t bytes) { progress.reading(bytes); };
  if (from_stdin(options)) {
    const UniqueFd input(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!input) return fail_errno("--dataset -: standard input");
    auto dataset = intake::read_stream(input, name, limits, identity, tell);
    if (!dataset) return refused_dataset(dataset.error(), options, limits);
    return std::optional<intake::Dataset>(std::move(*dataset));
  }
  auto dataset = intake::read_path(options.dataset, name, limits, identity, tell);
  if (!dataset) return refused_dataset(dataset.error(), options, limits);
  return std::optional<intake::Dataset>(std::move(*dataset));
}

Result<void> add_scripts(const std::vector<std::string>& paths, std::string_view option,
                         std::vector<executor::ScriptFile>& scripts) {
  for (const std::string& path : paths) {
    auto contents = read_regular_file(path, pipeline::scripts_bytes_max);
    if (!contents) {
      return std::unexpected(std::move(contents).error().while_doing(option));
    }
    scripts.push_back({.name = std::filesystem::path(path).filename().string(),
                       .contents = std::move(*contents)});
  }
  return {};
}

// "--timeout" and "--limits wall=" are two names of one limit.
Result<void> apply_alias(std::string_view option, std::string_view name, const std::string& text,
                         const std::vector<std::string_view>& given,
                         Result<std::int64_t> (*parse)(std::string_view), std::int64_t& limit) {
  if (text.empty()) return {};
  if (std::ranges::find(given, name) != given.end()) {
    return fail(ErrorCode::malformed,
                fmt::format("{} and --limits {}= are the same limit: give one", option, name));
  }
  auto value = parse(text);
  if (!value) return std::unexpected(std::move(value).error().while_doing(option));
  limit = *value;
  return {};
}

Result<executor::Limits> limits_from(const RunOptions& options) {
  executor::Limits limits;
  TRY(const std::vector<std::string_view> given, apply_limits(options.limits, limits));
  CHECK_OK(
      apply_alias("--timeout", "wall", options.timeout, given, parse_duration_ms, limits.wall_ms));
  CHECK_OK(
      apply_alias("--memory", "memory", options.memory, given, parse_bytes, limits.memory_bytes));
  return limits;
}

Result<void> check_spec(const pipeline::ExecutionRequest& request) {
  TRY(const std::vector<pipeline::Stage> stages, pipeline::stages_of(request));
  for (const pipeline::Stage& stage : stages) {
    CHECK_OK(executor::programs_of_tools(stage.spec.tools));
    CHECK_OK(executor::check_request({.spec = stage.spec, .dataset_names = {}}));
  }
  return {};
}

bool is_one_file(const std::string& a, const std::string& b) {
  std::error_code absent;
  return !a.empty() && !b.empty() && std::filesystem::equivalent(a, b, absent);
}

Result<void> check_combination(const RunOptions& options) {
  const auto refuse = [](std::string_view why) {
    return fail(ErrorCode::malformed, std::string(why));
  };
  if (options.no_store && options.output.empty()) {
    return refuse("--no-store without -o FILE would lose the certificate: add -o FILE");
  }
  if (options.no_store && !(options.log_policy.empty() && options.study.empty())) {
    return refuse(
        "--log-policy or --study with --no-store: nothing would be logged: leave one out");
  }
  if (options.dataset.empty() && !options.dataset_format.empty()) {
    return refuse(
        "--dataset-format without --dataset says nothing: add --dataset, or leave it out");
  }
  if (!options.language.empty() && !options.command.empty()) {
    return refuse("--language and a command are two ways to say what is run: give one");
  }
  for (const std::string& output : {options.output, options.trace}) {
    if (is_one_file(output, options.dataset)) {
      return refuse("-o or --trace names the dataset, and would overwrite it: name another file");
    }
    const auto is_output = [&](const std::string& path) { return is_one_file(output, path); };
    if (std::ranges::any_of(options.scripts, is_output) ||
        std::ranges::any_of(options.files, is_output)) {
      return refuse("-o or --trace names a script, and would overwrite it: name another file");
    }
  }
  return {};
}

Result<void> check_dataset_option(const RunOptions& options) {
  CHECK_OK(as_usage(dataset_bytes_max(options.dataset_max)));
  if (options.dataset.empty() || from_stdin(options)) return {};
  auto checked = check_dataset(options.dataset);
  if (!checked) return std::unexpected(std::move(checked).error().while_doing("--dataset"));
  return {};
}

// Everything but the dataset, so that a mistake is reported before anything private is read.
Result<pipeline::ExecutionRequest> request_from(const RunOptions& options) {
  pipeline::ExecutionRequest request;
  TRY(request.limits, as_usage(limits_from(options)));
  CHECK_OK(add_scripts(options.scripts, "--script", request.scripts));
  // The first --script is the entry point; --file only lies beside it.
  if (!request.scripts.empty()) request.entry_script = request.scripts.front().name;
  CHECK_OK(add_scripts(options.files, "--file", request.scripts));
  request.command = options.command;
  request.language = options.language;
  for (const std::string& step : options.steps) request.steps.push_back({"sh", "-c", step});
  request.tools = options.tools;
  request.policy = options.policy;
  if (options.determinism == "seeded") request.determinism = pipeline::Determinism::seeded;
  TRY(request.llm, model_access_from(options.llm));
  CHECK_OK(pipeline::add_agent(request));
  request.environment = options.environment;
  request.withhold = options.withhold;
  for (const std::string& text : options.assertions) {
    auto assertion = certificate::parse_assertion(text);
    if (!assertion) return std::unexpected(std::move(assertion).error().while_doing("--assert"));
    request.assertions.push_back(std::move(*assertion));
  }
  auto nonce = hex_decode(options.nonce);
  if (!nonce) return std::unexpected(std::move(nonce).error().while_doing("--nonce"));
  request.nonce = std::move(*nonce);
  TRY(request.dataset_format, dataset_format(options));
  CHECK_OK(as_usage(check_spec(request)));
  CHECK_OK(check_dataset_option(options));
  return request;
}

enum class JobOutput : std::uint8_t { passed_on, kept_back };

executor::Runner::Watch watch_over(JobOutput output, int cancel_fd) {
  executor::Runner::Watch watch;
  watch.cancel_fd = cancel_fd;
  if (output == JobOutput::passed_on) watch.on_stdout = pass_out;
  watch.on_stderr = pass_err;
  return watch;
}

void tell(const RunOptions& options, const pipeline::Certified& certified,
          const std::string& written_to) {
  say("{}", cut_warning(certified));
  if (options.json) {
    print("{}\n", run_summary_json(certified, written_to));
  } else if (!options.quiet) {
    say("{}", run_summary_text(certified, written_to));
  } else if (const auto reason = outcome_reason(certified)) {
    say("mayfly: {}: {}\n", certified.statement.claim.result.status, *reason);
  }
}

// The run is over and cannot be had again: say where its certificate still is.
Error while_keeping(Error error, const RunOptions& options, const pipeline::Certified& certified) {
  return {error.code(),
          error.message() + (options.no_store ? "; the certificate is lost, run it again"
                                              : "; the certificate is kept in the store as " +
                                                    certified.certificate_id),
          error.error_number()};
}

Result<void> hand_over(const RunOptions& options, RunOutputs& outputs,
                       const pipeline::Certified& certified) {
  auto certificate = outputs.write_certificate(certified.certificate);
  auto trace = outputs.finish_trace();
  const bool exists = certificate || !options.no_store;
  if (exists || options.json) tell(options, certified, certificate ? options.output : "");
  if (!certificate) {
    if (!trace) report_error(trace.error());
    return std::unexpected(while_keeping(std::move(certificate).error(), options, certified));
  }
  if (trace) return {};
  return std::unexpected(Error(trace.error().code(),
                               trace.error().message() + "; the trace is lost, and the certificate "
                                                         "is whole",
                               trace.error().error_number()));
}

// With --json or "-o -", standard output has one thing on it and can be piped on.
Result<JobOutput> job_output(const RunOptions& options, const RunOutputs& outputs) {
  if (options.json && outputs.take_standard_output()) {
    return fail(ErrorCode::malformed,
                "--json and the certificate or trace cannot both go to standard output: name a "
                "file for -o and --trace");
  }
  return options.json || outputs.take_standard_output() ? JobOutput::kept_back
                                                        : JobOutput::passed_on;
}

Result<Workshop> open_workshop(const RunOptions& options, ModelCalls model_calls) {
  TRY(auto witnesses, log_policy_option(options.log_policy));
  WorkshopParts parts{
      .store = nullptr, .log = nullptr, .model_calls = model_calls, .attest = options.attest};
  if (!options.no_store) {
    TRY(store::Store store, open_store());
    TRY(store::Log log, open_log());
    parts.store = std::make_unique<store::Store>(std::move(store));
    parts.log = std::make_unique<store::Log>(std::move(log));
    parts.witnesses = std::move(witnesses);
  }
  return Workshop::open(std::move(parts));
}

Result<int> run(const RunOptions& options) {
  CHECK_OK(check_combination(options));
  TRY(pipeline::ExecutionRequest request, request_from(options));
  TRY(RunOutputs outputs, RunOutputs::open(options.output, options.trace));
  TRY(const JobOutput output, job_output(options, outputs));
  TRY(const Workshop workshop,
      open_workshop(options, request.llm ? ModelCalls::possible : ModelCalls::none));
  if (!options.study.empty()) {
    TRY(request.study, study_leaf(*workshop.log(), options.study));
  }
  TRY(request.dataset, take_dataset(options, request.dataset_format));
  request.dataset_loaded = system_clock_now();
  TRY(request.trace, outputs.trace_sink());

  TRY(const Interrupt interrupt, Interrupt::install());
  TRY(const pipeline::Certified certified,
      pipeline::execute(std::move(request), workshop.parts(), watch_over(output, interrupt.fd())));
  CHECK_OK(hand_over(options, outputs, certified));
  if (interrupt.happened()) return to_int(ExitCode::interrupted);
  const executor::Outcome& outcome = certified.report.outcome;
  return options.command.empty() ? to_int(exit_code_for(outcome)) : passed_through_status(outcome);
}

void add_options(Verb verb, RunOptions& options) {
  verb.add_option("--dataset", options.dataset, "file or directory; - reads standard input")
      .type_name("PATH");
  verb.add_option("--dataset-format", options.dataset_format, "csv, json, txt or bin")
      .one_of({"csv", "json", "txt", "bin"});
  verb.add_option("--dataset-max", options.dataset_max, dataset_max_help).type_name("SIZE");
  verb.add_option("--script", options.scripts, "script to run (the first is the entry point)")
      .type_name("FILE")
      .one_value_each();
  verb.add_option("--file", options.files, "further file to lay beside it, in /work")
      .type_name("FILE")
      .one_value_each();
  verb.add_option("--language", options.language,
                  "what the script is written in; by default what its extension says: " +
                      pipeline::known_languages())
      .type_name("NAME");
  verb.add_option("--step", options.steps,
                  "shell command to run first, in a sandbox of its own; what it leaves in /work, "
                  "the next one finds there")
      .type_name("COMMAND")
      .one_value_each();
  verb.add_option("--tool", options.tools, "program the job may execute; none given: any")
      .type_name("NAME")
      .one_value_each();
  verb.add_option("--policy", options.policy,
                  "system calls the job may make: default, strict, or one for a language: python, "
                  "node, shell, go, rust, java, c; \"language\": that of the script")
      .type_name("NAME")
      .shows_default();
  verb.add_option("--determinism", options.determinism,
                  "seeded: what the job draws at random comes from the hash of its inputs, and its "
                  "calendar begins at a fixed moment")
      .one_of({"deterministic", "seeded"})
      .shows_default();
  verb.add_option("--assert", options.assertions, "threshold fixed now, judged on the result")
      .type_name("'accuracy>=0.95'")
      .one_value_each();
  verb.add_option("--env", options.environment, "environment variable for the job")
      .type_name("NAME=VALUE")
      .one_value_each();
  verb.add_option("--limits", options.limits, std::string("defaults: ") + std::string(limits_help));
  verb.add_option("--timeout", options.timeout, "same as --limits wall=").type_name("300s");
  verb.add_option("--memory", options.memory, "same as --limits memory=").type_name("512m");
  add_llm_options(verb, options.llm);
  verb.add_option("--nonce", options.nonce, "up to 64 bytes, hex: shows the run is fresh");
  add_attest_options(verb, options.attest);
  verb.add_option("-o,--output", options.output, "write the certificate here; - is standard output")
      .type_name("FILE");
  verb.add_option("--trace", options.trace, "write the full trace here, a JSON object per line")
      .type_name("FILE");
  verb.add_option(
          "--may-withhold", options.withhold,
          "what may be withheld from a reader later: executions, files, llm, network (events "
          "of the trace), result")
      .type_name("LIST")
      .separated_by_commas()
      .one_value_each();
  verb.add_option("--log-policy", options.log_policy,
                  "its witnesses must cosign the log before the run and at its end")
      .type_name("FILE");
  verb.add_option("--study", options.study, "the run is part of this study").type_name("ID");
  verb.add_flag("--no-store", options.no_store, "do not keep the certificate in the local store");
  verb.add_flag("--json", options.json, "print one JSON object instead of the job's output");
  verb.add_flag("-q,--quiet", options.quiet, "no summary; only why a job did not end by itself");
}

}  // namespace

void add_run(Verb program, Action& chosen) {
  Verb verb = program.add_verb("run", "run one job over one dataset, leave a certificate");
  verb.footer(
      "Examples:\n"
      "  mayfly run --dataset patients.csv --script pii_scanner.py -o cert.json\n"
      "  make-data | mayfly run --dataset - --dataset-format csv --script scan.py -o cert.json\n"
      "  mayfly run --dataset d.csv --script main.py --assert 'accuracy>=0.95' -o cert.json\n"
      "  mayfly run --dataset d.csv -o cert.json -- grep -c error /data/dataset.csv\n"
      "  mayfly run --dataset d.csv --script main.rs -o cert.json      (built, then run)\n"
      "  mayfly run --dataset d.csv --file clean.py --file score.js \\\n"
      "    --step 'python3 clean.py > clean.csv' -o cert.json -- node score.js\n"
      "  mayfly run --dataset d.csv --llm anthropic --llm-model MODEL --llm-key-file key \\\n"
      "    --llm-prompt 'Is there personal data in it?' -o cert.json");
  auto options = std::make_shared<RunOptions>();
  add_options(verb, *options);
  verb.add_option("command", options->command, "a command instead of a script, after --")
      .type_name("COMMAND ARG...");
  choose(verb, chosen, [options] { return run(*options); });
}

}  // namespace mayfly::cli
