#include "pipeline/statement.hpp"

#include <array>
#include <csignal>

#include "base/overloaded.hpp"
#include "base/text_encoding.hpp"
#include "certificate/assertions.hpp"
#include "certificate/disclosure.hpp"
#include "certificate/field_rules.hpp"
#include "crypto/random.hpp"
#include "pipeline/file_summary.hpp"
#include "pipeline/model_record.hpp"
#include "pipeline/result_reading.hpp"

namespace mayfly::pipeline {
namespace {

std::string_view limit_name(executor::LimitKind kind) {
  switch (kind) {
    case executor::LimitKind::memory: return "memory";
    case executor::LimitKind::cpu: return "cpu";
    case executor::LimitKind::pids: return "pids";
    case executor::LimitKind::disk: return "disk";
  }
  return "memory";
}

certificate::Limits describe_limits(const executor::Limits& limits) {
  return {.wall_ms = limits.wall_ms,
          .cpu_ms = limits.cpu_ms,
          .memory_bytes = limits.memory_bytes,
          .pids = limits.pids,
          .open_files = limits.open_files,
          .disk_bytes = limits.disk_bytes,
          .disk_inodes = limits.disk_inodes,
          .output_bytes = limits.output_bytes};
}

certificate::Sandbox describe_sandbox(const PlannedRun& planned) {
  const executor::SandboxSpec& spec = planned.stages.back().spec;
  certificate::Sandbox sandbox;
  sandbox.command = spec.argv;
  sandbox.environment = spec.environment;
  sandbox.image = "host-usr";
  sandbox.policy = planned.policy.name;
  sandbox.policy_hash = planned.policy.hash;
  for (const executor::ScriptFile& script : spec.scripts) {
    sandbox.scripts.push_back({.name = script.name,
                               .digest = crypto::sha256(script.contents),
                               .size = static_cast<std::int64_t>(script.contents.size())});
  }
  sandbox.tools = spec.tools;
  for (const Stage& stage : planned.stages) {
    if (&stage == &planned.stages.back()) break;
    sandbox.stages.push_back({.name = stage.name,
                              .command = stage.spec.argv,
                              .dataset = stage.dataset == DatasetAccess::read ? "read" : "none",
                              .limits = describe_limits(stage.spec.limits)});
  }
  if (planned.llm) {
    sandbox.llm = describe_model_access(*planned.llm);
    if (!planned.llm->prompt.empty()) {
      sandbox.prompt_hash = crypto::sha256(bytes_of(planned.llm->prompt));
    }
  }
  return sandbox;
}

certificate::ResultRecord describe_result(const executor::RunReport& report) {
  certificate::ResultRecord result;
  result.truncated = report.stdout_total > report.stdout_bytes.size();
  ReadResult read =
      read_result(report.stdout_bytes, result.truncated ? Stdout::cut : Stdout::whole);
  result.digest = crypto::sha256(read.raw);
  result.media_type = std::move(read.media_type);
  result.size = static_cast<std::int64_t>(read.raw.size());
  result.value = std::move(read.value);
  result.exit_code = result_exit_code(report.outcome);
  result.status = result_status(report.outcome);
  return result;
}

}  // namespace

std::string fresh_run_id() {
  std::array<std::uint8_t, 16> random{};
  crypto::fill_random(random);
  return "run_" + hex_encode(random);
}

DatasetFacts dataset_facts(const ExecutionRequest& request) {
  DatasetFacts facts;
  if (!request.dataset) {
    // Nothing private to hide behind a key, and equal runs must still give equal hashes.
    facts.disclosure_key = crypto::sha256(bytes_of("mayfly/disclosure-key/v1"));
    return facts;
  }
  facts.hash = crypto::to_text(request.dataset->hash());
  facts.format = request.dataset_format;
  facts.size_bytes = request.dataset->size_bytes();
  facts.disclosure_key = request.dataset->disclosure_key();
  return facts;
}

std::string result_status(const executor::Outcome& outcome) {
  return std::visit(Overloaded{
                        [](const executor::Exited& exited) -> std::string {
                          return exited.code == 0 ? "succeeded" : "failed";
                        },
                        [](const executor::Signalled&) -> std::string { return "signalled"; },
                        [](const executor::TimedOut&) -> std::string { return "timed_out"; },
                        [](const executor::LimitHit& hit) {
                          return "limit_" + std::string(limit_name(hit.kind));
                        },
                        [](const executor::Denied&) -> std::string { return "denied"; },
                        [](const executor::NotStarted&) -> std::string { return "not_started"; },
                    },
                    outcome);
}

std::int64_t result_exit_code(const executor::Outcome& outcome) {
  if (const auto* exited = std::get_if<executor::Exited>(&outcome)) return exited->code;
  if (const auto* signalled = std::get_if<executor::Signalled>(&outcome)) return -signalled->signal;
  if (std::holds_alternative<executor::NotStarted>(outcome)) return -1;
  return -SIGKILL;  // Every other outcome ends in our own kill.
}

certificate::Claim planned_claim(const PlannedRun& planned,
                                 std::vector<certificate::Assertion> assertions) {
  certificate::Claim claim;
  claim.dataset_hash = planned.dataset.hash;
  claim.dataset_format = planned.dataset.format;
  claim.dataset_bytes = static_cast<std::int64_t>(planned.dataset.size_bytes);
  claim.sandbox = describe_sandbox(planned);
  claim.limits = describe_limits(planned.stages.back().spec.limits);
  if (planned.stages.back().spec.seed) claim.determinism = "seeded";
  if (planned.llm) {
    // What a model answers is not a function of the inputs.
    claim.determinism = "external";
    if (!planned.llm->model.empty()) claim.models = {planned.llm->model};
  }
  claim.assertions = std::move(assertions);
  claim.withhold = planned.withhold;
  return claim;
}

Result<certificate::Claim> make_claim(certificate::Claim planned, const FinishedRun& finished) {
  certificate::Claim claim = std::move(planned);
  claim.result = describe_result(finished.report);
  claim.result.stage = finished.ended_in;
  CHECK_OK(certificate::judge(claim.assertions, claim.result.value));
  TRY(claim.files_used, files_used(finished.report));
  claim.execution.tool_uses = finished.trace.tool_uses;
  claim.execution.file_ops = finished.trace.file_ops;
  claim.execution.network_calls = finished.trace.network_calls;
  claim.execution.llm_calls = aggregate_calls(finished.calls);  // none: none was possible
  return claim;
}

certificate::Run make_run(const FinishedRun& finished, const Parts& parts, Bytes nonce) {
  const executor::RunReport& report = finished.report;
  certificate::Run run;
  run.nonce = std::move(nonce);
  run.lifecycle = finished.lifecycle;
  run.wipe = {.method = finished.wipe.method,
              .bytes = static_cast<std::int64_t>(finished.wipe.bytes),
              .scanned = finished.wipe.scanned,
              .residue = static_cast<std::int64_t>(finished.wipe.residue)};
  run.wipe.scanned.insert(run.wipe.scanned.end(), report.teardown.scanned.begin(),
                          report.teardown.scanned.end());
  run.usage = {.cpu_ms = report.usage.cpu_ms,
               .wall_ms = report.usage.wall_ms,
               .peak_memory_bytes = report.usage.peak_memory_bytes,
               .processes = report.usage.processes,
               .stdout_bytes = static_cast<std::int64_t>(report.stdout_total),
               .stderr_bytes = static_cast<std::int64_t>(report.stderr_total)};
  run.output_truncated = report.stdout_total > report.stdout_bytes.size() ||
                         report.stderr_total > report.stderr_bytes.size();
  run.trace = {.root = finished.trace.root,
               .size = finished.trace.size,
               .coverage = report.coverage,
               .kinds = finished.trace.kinds};
  run.confinement = report.confinement;
  run.host = parts.host;
  run.tee = std::string(attest::to_string(parts.tee));
  run.assurance = run.backend + "+" + run.tee;
  run.signer.assign(parts.signer.public_key().begin(), parts.signer.public_key().end());
  const ByteView p256_key = parts.signer.p256_public_key();
  run.signer_p256.emplace(p256_key.begin(), p256_key.end());
  run.software = {.version = MAYFLY_VERSION,
                  .mayfly = parts.program_digest,
                  .runner = parts.runner.program_digest()};
  return run;
}

std::optional<certificate::ShownResult> commit_to_result(certificate::Statement& statement,
                                                         const FinishedRun& finished) {
  certificate::Claim& claim = statement.claim;
  if (!certificate::may_withhold(claim, "result")) return std::nullopt;
  const executor::RunReport& report = finished.report;
  const ReadResult read =
      read_result(report.stdout_bytes, claim.result.truncated ? Stdout::cut : Stdout::whole);
  certificate::ShownResult shown{.bytes = Bytes(read.raw.begin(), read.raw.end()),
                                 .salt = certificate::result_salt(finished.dataset.disclosure_key)};
  claim.result.digest = certificate::result_commitment(shown.salt, shown.bytes);
  claim.result.media_type = "application/octet-stream";
  claim.result.size = 0;
  claim.result.value.reset();
  // Its length would say much of a short one.
  statement.run.usage.stdout_bytes = claim.result.truncated ? claim.limits.output_bytes + 1 : 0;
  if (shown.bytes.size() > certificate::shown_result_bytes_max) return std::nullopt;
  return shown;
}

}  // namespace mayfly::pipeline
