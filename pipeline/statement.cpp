#include "pipeline/statement.hpp"

#include <array>
#include <csignal>

#include "base/text_encoding.hpp"
#include "certificate/assertions.hpp"
#include "crypto/random.hpp"
#include "pipeline/file_summary.hpp"
#include "pipeline/model_record.hpp"
#include "pipeline/result_reading.hpp"

namespace mayfly::pipeline {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

std::string_view limit_name(executor::LimitKind kind) {
  switch (kind) {
    case executor::LimitKind::memory: return "memory";
    case executor::LimitKind::cpu: return "cpu";
    case executor::LimitKind::pids: return "pids";
    case executor::LimitKind::disk: return "disk";
  }
  return "memory";
}

certificate::Sandbox describe_sandbox(const FinishedRun& finished) {
  certificate::Sandbox sandbox;
  sandbox.command = finished.spec.argv;
  sandbox.environment = finished.spec.environment;
  sandbox.image = "host-usr";
  sandbox.policy = finished.policy.name;
  sandbox.policy_hash = finished.policy.hash;
  for (const executor::ScriptFile& script : finished.spec.scripts) {
    sandbox.scripts.push_back({.name = script.name,
                               .digest = crypto::sha256(script.contents),
                               .size = static_cast<std::int64_t>(script.contents.size())});
  }
  sandbox.tools = finished.spec.tools;
  if (finished.llm) {
    sandbox.llm = describe_model_access(*finished.llm);
    if (!finished.llm->prompt.empty()) {
      sandbox.prompt_hash = crypto::sha256(bytes_of(finished.llm->prompt));
    }
  }
  return sandbox;
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

std::string fresh_run_id() {
  std::array<std::uint8_t, 16> random{};
  crypto::fill_random(random);
  return "run_" + hex_encode(random);
}

}  // namespace

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

Result<certificate::Claim> make_claim(const FinishedRun& finished,
                                      std::vector<certificate::Assertion> assertions) {
  certificate::Claim claim;
  claim.dataset_hash = finished.dataset.hash;
  claim.dataset_format = finished.dataset.format;
  claim.dataset_bytes = static_cast<std::int64_t>(finished.dataset.size_bytes);
  claim.sandbox = describe_sandbox(finished);
  claim.limits = describe_limits(finished.spec.limits);
  claim.result = describe_result(finished.report);
  claim.assertions = std::move(assertions);
  CHECK_OK(certificate::judge(claim.assertions, claim.result.value));
  TRY(claim.files_used, files_used(finished.report));
  claim.execution.tool_uses = aggregate_executions(
      finished.report.executions, finished.spec.scripts, finished.dataset.disclosure_key);
  claim.execution.file_ops =
      aggregate_files(finished.report.files.events, finished.dataset.disclosure_key);
  claim.execution.network_calls =
      aggregate_addresses(finished.report.files.events, finished.spec.loopback_port);
  claim.execution.llm_calls = aggregate_calls(finished.calls);  // none: none was possible
  if (finished.llm) {
    // What a model answers is not a function of the inputs.
    claim.determinism = "external";
    if (!finished.llm->model.empty()) claim.models = {finished.llm->model};
  }
  return claim;
}

certificate::Run make_run(const FinishedRun& finished, const Parts& parts, Bytes nonce) {
  const executor::RunReport& report = finished.report;
  certificate::Run run;
  run.run_id = fresh_run_id();
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
               .size = static_cast<std::int64_t>(finished.trace.lines.size()),
               .coverage = report.coverage};
  run.confinement = report.confinement;
  run.host = parts.host;
  run.tee = std::string(attest::to_string(parts.tee));
  run.assurance = run.backend + "+" + run.tee;
  run.signer.assign(parts.signer.public_key().begin(), parts.signer.public_key().end());
  run.software = {.version = MAYFLY_VERSION,
                  .mayfly = parts.program_digest,
                  .runner = parts.runner.program_digest()};
  return run;
}

}  // namespace mayfly::pipeline
