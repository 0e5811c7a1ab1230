#include "pipeline/execute.hpp"

#include <algorithm>
#include <utility>

#include "certificate/encode.hpp"
#include "pipeline/model_run.hpp"
#include "pipeline/stages.hpp"
#include "pipeline/statement.hpp"
#include "pipeline/trace.hpp"

namespace mayfly::pipeline {
namespace {

// Step 5. Anything left anywhere means that no certificate may say "destroyed".
Result<intake::WipeReport> destroy(std::optional<intake::Dataset> dataset,
                                   const executor::Teardown& teardown) {
  intake::WipeReport wiped{.method = "none", .bytes = 0, .scanned = {}, .residue = 0};
  if (dataset) {
    TRY(wiped, std::move(*dataset).wipe());
  }
  if (wiped.residue != 0) {
    return fail(ErrorCode::rejected, "not certified: " + std::to_string(wiped.residue) +
                                         " traces of the dataset were "
                                         "left after the wipe");
  }
  const std::int64_t left = teardown.processes_left + teardown.mounts_left + teardown.cgroups_left;
  if (left != 0) {
    return fail(ErrorCode::rejected, "not certified: the sandbox was not destroyed: " +
                                         std::to_string(teardown.processes_left) + " processes, " +
                                         std::to_string(teardown.mounts_left) + " mounts, " +
                                         std::to_string(teardown.cgroups_left) + " cgroups left");
  }
  return wiped;
}

// The host's clock can be stepped back while a job runs. What is certified never
// goes back: the order of the steps is known, the clock's is not.
certificate::Lifecycle never_backwards(certificate::Lifecycle at) {
  UnixMillis latest = at.dataset_loaded;
  for (UnixMillis* const moment : {&at.execution_started, &at.execution_completed,
                                   &at.dataset_deleted, &at.sandbox_destroyed}) {
    latest = std::max(latest, *moment);
    *moment = latest;
  }
  return at;
}

// Step 7. The quote binds the exact bytes that the signature covers.
Result<certificate::Proof> prove(const certificate::EncodedStatement& encoded,
                                 const certificate::Run& run, const crypto::Sha256& intent_leaf,
                                 const Parts& parts) {
  TRY(const attest::ReportData binding,
      attest::bind_certificate(encoded.bytes, parts.signer.public_key(), intent_leaf, run.nonce));
  TRY(attest::Evidence evidence, parts.collect(binding));
  certificate::Proof proof;
  TRY(proof.signatures, parts.signer.sign(encoded.bytes));
  proof.tee_kind = std::string(attest::to_string(evidence.kind));
  proof.tee_format = std::string(evidence.format);
  proof.tee_quote = std::move(evidence.quote);
  if (!evidence.parts.empty()) {
    proof.collateral = collateral_of(std::move(evidence));
  }
  // The proof is outside the signature, so its time repeats the last one that is inside.
  proof.timestamp = run.lifecycle.sandbox_destroyed;
  return proof;
}

store::CertificateRow row_for(const certificate::EncodedStatement& encoded,
                              const certificate::Statement& statement, UnixMillis issued_at) {
  return {.certificate_id = encoded.certificate_id,
          .claim_hash = encoded.claim_hash,
          .dataset_hash = statement.claim.dataset_hash,
          .sandbox_hash = crypto::to_text(encoded.sandbox_hash),
          .status = statement.claim.result.status,
          .tee = statement.run.tee,
          .issued_at = issued_at};
}

// The same for equal inputs, and another one for each stage.
Result<void> seed_stages(std::vector<Stage>& stages, const certificate::Claim& planned) {
  TRY(const crypto::Sha256 input, certificate::input_hash(planned));
  for (Stage& stage : stages) {
    if (!stage.spec.seed) continue;
    stage.spec.seed = crypto::hmac_sha256(input.view(), bytes_of("mayfly/seed/v1 " + stage.name));
  }
  return {};
}

std::vector<ModelCallFacts> facts_of(const std::vector<gateway::CallRecord>& calls) {
  std::vector<ModelCallFacts> facts;
  for (const gateway::CallRecord& call : calls) {
    const gateway::TokenUsage usage = call.usage.value_or(gateway::TokenUsage{});
    facts.push_back({.wire = std::string(to_string(call.wire)),
                     .status = call.status,
                     .input_tokens = usage.input,
                     .output_tokens = usage.output});
  }
  return facts;
}

// What is fixed before the job runs.
struct Plan {
  std::vector<Stage> stages;
  executor::PolicyId policy;
  DatasetFacts dataset;
  certificate::Claim claim;  // without what only the run can tell
  std::string run_id;
};

Result<Plan> plan_of(ExecutionRequest& request) {
  TRY(std::vector<Stage> stages, stages_of(request));
  TRY(executor::PolicyId policy, executor::policy_in_use(stages.back().spec));
  // The dataset came in sealed; what must outlive it is noted before it is destroyed.
  DatasetFacts dataset = dataset_facts(request);
  certificate::Claim claim = planned_claim({.stages = stages,
                                            .policy = policy,
                                            .dataset = dataset,
                                            .llm = request.llm,
                                            .withhold = request.withhold},
                                           std::move(request.assertions));
  CHECK_OK(seed_stages(stages, claim));
  return Plan{.stages = std::move(stages),
              .policy = std::move(policy),
              .dataset = std::move(dataset),
              .claim = std::move(claim),
              .run_id = fresh_run_id()};
}

// Step 2. No receipt, no data: whoever looks at the result and aborts has been counted.
Result<std::optional<RunLog>> announce(const Plan& plan, const std::optional<crypto::Sha256>& study,
                                       const Parts& parts) {
  if (parts.log.log == nullptr) return std::optional<RunLog>();
  transparency::IntentEntry intent;
  intent.run_id = plan.run_id;
  intent.dataset_hash = plan.dataset.hash;
  TRY(intent.input_hash, certificate::input_hash(plan.claim));
  std::ranges::copy(parts.signer.public_key(), intent.signer.begin());
  intent.study = study;
  TRY(RunLog log, RunLog::announce(parts.log, std::move(intent)));
  return std::optional(std::move(log));
}

TraceRecorder::Job traced_job(const Plan& plan) {
  const executor::SandboxSpec& spec = plan.stages.back().spec;
  TraceRecorder::Job job{.disclosure_key = plan.dataset.disclosure_key,
                         .scripts = {},
                         .loopback_port = spec.loopback_port};
  for (const executor::ScriptFile& script : spec.scripts) job.scripts.push_back(script.name);
  return job;
}

// Both are borrowed.
executor::Runner::Watch telling(executor::Runner::Watch watch, TraceRecorder& recorder,
                                ThreatSigns& signs) {
  watch.on_event = [&recorder, &signs](const executor::Event& event) {
    signs.add(event);
    return recorder.add(event);
  };
  return watch;
}

// Steps 4 to 8.
Result<Certified> run_and_certify(ExecutionRequest request, const Plan& plan,
                                  std::optional<RunLog>& log, const Parts& parts,
                                  const executor::Runner::Watch& watch) {
  // 4. Confined and recorded. On an error the request's destructor wipes the dataset.
  TRY(TraceRecorder recorder, TraceRecorder::start(traced_job(plan), std::move(request.trace)));
  ThreatSigns signs(plan.stages.back().spec.loopback_port);
  TRY(RecordedRun ran, run_job(plan.stages, request, parts, plan.dataset.disclosure_key,
                               telling(watch, recorder, signs)));
  executor::RunReport& report = ran.report;

  // 5. Destroyed, and looked at.
  certificate::Lifecycle lifecycle;
  lifecycle.execution_started = report.execution_started;
  lifecycle.execution_completed = report.execution_completed;
  lifecycle.dataset_loaded = request.dataset ? request.dataset_loaded : report.execution_started;
  TRY(const intake::WipeReport wiped,
      destroy(std::exchange(request.dataset, std::nullopt), report.teardown));
  lifecycle.dataset_deleted = parts.now();
  lifecycle.sandbox_destroyed = parts.now();

  // 6. What happened, as bytes that never change again.
  TRY(const RecordedTrace trace, std::move(recorder).finish(ran.calls));
  const FinishedRun finished{.stages = plan.stages,
                             .ended_in = ran.ended_in,
                             .policy = plan.policy,
                             .dataset = plan.dataset,
                             .report = report,
                             .calls = ran.calls,
                             .trace = trace,
                             .wipe = wiped,
                             .lifecycle = never_backwards(lifecycle)};
  certificate::Statement statement;
  TRY(statement.claim, make_claim(plan.claim, finished));
  statement.run = make_run(finished, parts, request.nonce);
  statement.run.run_id = plan.run_id;
  const auto shown_result = commit_to_result(statement, finished);
  if (log) {
    TRY(statement.run.attempt, log->count());
  }
  TRY(const certificate::EncodedStatement encoded, certificate::encode_statement(statement));

  // 7. Quoted and signed; then its end is logged, and only then may anything leave.
  TRY(certificate::Proof proof,
      prove(encoded, statement.run, log ? log->intent_leaf() : crypto::Sha256{}, parts));
  if (log) {
    CHECK_OK(log->end(crypto::sha256(encoded.bytes), crypto::sha256(encoded.claim_slice()),
                      *statement.run.attempt, proof));
  }
  if (shown_result) {
    proof.disclosure = certificate::Disclosure{.result = shown_result, .trace = std::nullopt};
  }
  TRY(Bytes bytes, certificate::encode_certificate(encoded, proof));

  std::vector<Finding> findings = signs.findings(report);
  // 8. Durable before anyone hears of it.
  if (request.before_stored) CHECK_OK(request.before_stored(encoded.certificate_id));
  if (parts.store != nullptr) {
    CHECK_OK(parts.store->put(row_for(encoded, statement, proof.timestamp), bytes));
  }
  return Certified{.certificate_id = encoded.certificate_id,
                   .claim_hash = encoded.claim_hash,
                   .certificate = std::move(bytes),
                   .statement = std::move(statement),
                   .report = std::move(report),
                   .model_calls = facts_of(ran.calls),
                   .refused_addresses = signs.refused_addresses(),
                   .findings = std::move(findings)};
}

}  // namespace

certificate::Collateral collateral_of(attest::Evidence evidence) {
  certificate::Collateral out{.format = std::string(evidence.parts_format), .parts = {}};
  for (attest::EvidencePart& part : evidence.parts) {
    out.parts.push_back({.name = std::move(part.name), .bytes = std::move(part.bytes)});
  }
  return out;
}

Result<Certified> execute(ExecutionRequest request, const Parts& parts,
                          const executor::Runner::Watch& watch) {
  // 1. Nothing is left to imply: from here on the request is only read.
  TRY(const Plan plan, plan_of(request));
  // 2. and 3.
  TRY(std::optional<RunLog> log, announce(plan, request.study, parts));
  auto certified = run_and_certify(std::move(request), plan, log, parts, watch);
  if (!certified && log) log->abort(certified.error());
  return certified;
}

}  // namespace mayfly::pipeline
