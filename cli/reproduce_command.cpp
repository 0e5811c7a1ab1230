// `mayfly reproduce`: asks the question of a certificate again, here, and says what differs.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "certificate/decode.hpp"
#include "cli/certificate_argument.hpp"
#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "cli/input_file.hpp"
#include "cli/interrupt.hpp"
#include "cli/judge_certificate.hpp"
#include "cli/open_store.hpp"
#include "cli/print.hpp"
#include "cli/run_outputs.hpp"
#include "cli/workshop.hpp"
#include "executor/request.hpp"
#include "executor/seccomp_policy.hpp"
#include "intake/dataset.hpp"
#include "pipeline/execute.hpp"
#include "pipeline/sandbox_spec.hpp"
#include "pipeline/stages.hpp"

namespace mayfly::cli {
namespace {

struct ReproduceOptions {
  std::string certificate;
  std::string dataset;
  std::vector<std::string> scripts;
  std::string output;
  bool json = false;
};

constexpr std::string_view dataset_folder = "/data/";
constexpr std::string_view dataset_variable = "DATASET_PATH=";

std::unexpected<Error> cannot(std::string why) {
  return fail(ErrorCode::malformed, "this certificate's question cannot be asked here: " + why);
}

// The bytes of the scripts that the claim names: a certificate has only their hashes.
Result<std::vector<executor::ScriptFile>> scripts_of(const certificate::Sandbox& sandbox,
                                                     const std::vector<std::string>& paths) {
  std::vector<executor::ScriptFile> scripts;
  for (const std::string& path : paths) {
    TRY(Bytes contents, read_regular_file(path, pipeline::scripts_bytes_max));
    const crypto::Sha256 digest = crypto::sha256(contents);
    const auto named =
        std::ranges::find(sandbox.scripts, digest, &certificate::NamedDigest::digest);
    if (named == sandbox.scripts.end()) {
      return cannot(path + " is none of the scripts that it ran, by its hash");
    }
    scripts.push_back({.name = named->name, .contents = std::move(contents)});
  }
  for (const certificate::NamedDigest& wanted : sandbox.scripts) {
    if (std::ranges::find(scripts, wanted.name, &executor::ScriptFile::name) == scripts.end()) {
      return cannot("it ran " + wanted.name + " with " + crypto::to_text(wanted.digest) +
                    ": give that file with --script");
    }
  }
  return scripts;
}

executor::Limits limits_of(const certificate::Limits& limits) {
  return {.wall_ms = limits.wall_ms,
          .cpu_ms = limits.cpu_ms,
          .memory_bytes = limits.memory_bytes,
          .pids = limits.pids,
          .open_files = limits.open_files,
          .disk_bytes = limits.disk_bytes,
          .disk_inodes = limits.disk_inodes,
          .output_bytes = limits.output_bytes};
}

// What Mayfly sets by itself it sets again; the rest was the submitter's.
std::vector<std::string> environment_of(const certificate::Claim& claim) {
  std::vector<std::string> environment = claim.sandbox.environment;
  if (claim.dataset_hash == "none") return environment;  // then the variable was the submitter's
  std::erase_if(environment,
                [](const std::string& entry) { return entry.starts_with(dataset_variable); });
  return environment;
}

bool asks_the_same(const pipeline::ExecutionRequest& request, const certificate::Sandbox& sandbox) {
  const auto stages = pipeline::stages_of(request);
  return stages && stages->back().spec.argv == sandbox.command &&
         std::ranges::equal(
             std::span(*stages).first(stages->size() - 1), sandbox.stages, {},
             [](const pipeline::Stage& stage) { return stage.spec.argv; },
             &certificate::Stage::command);
}

// A command as it stands, or what a script needs in its language, built first.
Result<void> choose_command(pipeline::ExecutionRequest& request,
                            const certificate::Sandbox& sandbox) {
  for (const certificate::Stage& stage : sandbox.stages) {
    if (stage.name.starts_with("step_")) request.steps.push_back(stage.command);
  }
  request.command = sandbox.command;
  if (asks_the_same(request, sandbox)) return {};
  request.command.clear();
  for (const executor::ScriptFile& script : request.scripts) {
    request.entry_script = script.name;
    if (asks_the_same(request, sandbox)) return {};
  }
  return cannot("this version of Mayfly would build or run something else");
}

Result<pipeline::ExecutionRequest> request_of(const certificate::Claim& claim,
                                              const ReproduceOptions& options) {
  if (claim.sandbox.llm) return cannot("it asked a language model, whose answers are its own");
  if (options.dataset.empty() != (claim.dataset_hash == "none")) {
    return cannot(options.dataset.empty() ? "it is about a dataset: give it with --dataset"
                                          : "it is about no dataset: leave --dataset out");
  }
  pipeline::ExecutionRequest request;
  request.dataset_format = claim.dataset_format;
  request.limits = limits_of(claim.limits);
  request.tools = claim.sandbox.tools;
  request.environment = environment_of(claim);
  if (!executor::check_policy_name(claim.sandbox.policy)) {
    return cannot("there is no system-call policy named " + claim.sandbox.policy + " here");
  }
  request.policy = claim.sandbox.policy;
  if (claim.determinism == "seeded") request.determinism = pipeline::Determinism::seeded;
  request.withhold = claim.withhold;
  request.assertions = claim.assertions;
  for (certificate::Assertion& assertion : request.assertions) assertion.verdict = "unknown";
  TRY(request.scripts, scripts_of(claim.sandbox, options.scripts));
  CHECK_OK(choose_command(request, claim.sandbox));
  return request;
}

// Under the name that the job found it by.
std::string dataset_name(const certificate::Claim& claim) {
  for (const std::string& entry : claim.sandbox.environment) {
    const std::string start = std::string(dataset_variable) + std::string(dataset_folder);
    if (entry.starts_with(start)) return entry.substr(start.size());
  }
  return "dataset." + claim.dataset_format;
}

Result<intake::Dataset> take_same_dataset(const certificate::Claim& claim,
                                          const std::string& path) {
  CHECK_OK(check_dataset(path));
  intake::IntakeLimits limits;
  limits.dataset_bytes_max =
      static_cast<std::uint64_t>(std::max<std::int64_t>(claim.dataset_bytes, 1));
  TRY(const intake::JobIdentity identity, executor::job_identity());
  auto dataset =
      intake::read_path(path, dataset_name(claim), limits, identity, [](std::uint64_t) {});
  if (!dataset && dataset.error().code() == ErrorCode::limit) {
    return cannot(path + " is larger than the dataset that it is about");
  }
  if (!dataset) return dataset;
  if (crypto::to_text(dataset->hash()) != claim.dataset_hash) {
    return cannot(path + " is another dataset: " + crypto::to_text(dataset->hash()));
  }
  return dataset;
}

Result<void> check_original(ByteView certificate) {
  TRY(const Judge judge, Judge::make({}));
  const verifier::Verdict verdict = judge.judge(certificate).verdict();
  if (verdict == verifier::Verdict::malformed || verdict == verifier::Verdict::contradicted ||
      verdict == verifier::Verdict::internal) {
    return cannot("it is " + std::string(to_string(verdict)) + "; verify-cert says why");
  }
  return {};
}

Result<Workshop> open_workshop() {
  TRY(store::Store store, open_store());
  TRY(store::Log log, open_log());
  WorkshopParts parts{.store = nullptr, .log = nullptr, .model_calls = ModelCalls::none};
  parts.store = std::make_unique<store::Store>(std::move(store));
  parts.log = std::make_unique<store::Log>(std::move(log));
  return Workshop::open(std::move(parts));
}

Result<int> reproduce(const ReproduceOptions& options) {
  TRY(const Bytes original, certificate_argument(options.certificate));
  CHECK_OK(check_original(original));
  TRY(const auto decoded, certificate::decode_certificate(original));
  const certificate::Claim& claim = decoded.statement.claim;
  TRY(pipeline::ExecutionRequest request, request_of(claim, options));
  TRY(RunOutputs outputs, RunOutputs::open(options.output, /*trace=*/""));
  TRY(const Workshop workshop, open_workshop());
  if (!options.dataset.empty()) {
    TRY(request.dataset, take_same_dataset(claim, options.dataset));
  }
  request.dataset_loaded = system_clock_now();
  TRY(const Interrupt interrupt, Interrupt::install());
  executor::Runner::Watch watch;
  watch.cancel_fd = interrupt.fd();
  TRY(const pipeline::Certified certified,
      pipeline::execute(std::move(request), workshop.parts(), watch));
  CHECK_OK(outputs.write_certificate(certified.certificate));
  if (interrupt.happened()) return to_int(ExitCode::interrupted);
  JudgeOptions judge;
  judge.form = options.json ? ReportForm::json : ReportForm::text;
  return compare_certificates(original, certified.certificate, judge);
}

}  // namespace

void add_reproduce(Verb program, Action& chosen) {
  Verb verb = program.add_verb("reproduce", "ask the question of a certificate again, and compare");
  auto options = std::make_shared<ReproduceOptions>();
  verb.add_option("certificate", options->certificate, "file, - for standard input, or id")
      .required()
      .type_name("FILE|ID");
  verb.add_option("--dataset", options->dataset, "the same dataset").type_name("PATH");
  verb.add_option("--script", options->scripts, "the scripts that it ran; told by their hashes")
      .type_name("FILE")
      .one_value_each();
  verb.add_option("-o,--output", options->output, "write the new certificate here, too")
      .type_name("FILE");
  verb.add_flag("--json", options->json, "the comparison as one JSON object");
  verb.footer(
      "Ends with 0 if the claim is the same, 1 if only the answer differs, 3 if this machine "
      "asked\n"
      "another question (its system-call policy is a newer one, say).\n"
      "Example:\n  mayfly reproduce cert.json --dataset data.csv --script scan.py");
  choose(verb, chosen, [options] { return reproduce(*options); });
}

}  // namespace mayfly::cli
