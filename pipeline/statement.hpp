// From what a run was and what it did to what a certificate states: pure, no clock, no device.
//
// Errors    internal: a summary that cannot be built.
// Threads   Pure functions.
#pragma once
#include <optional>

#include "certificate/model.hpp"
#include "executor/sandbox.hpp"
#include "intake/dataset.hpp"
#include "pipeline/execute.hpp"
#include "pipeline/stages.hpp"
#include "pipeline/trace.hpp"

namespace mayfly::pipeline {

// What must be known of a dataset after it is gone.
struct DatasetFacts {
  std::string hash = "none";
  std::string format = "none";
  std::uint64_t size_bytes = 0;
  crypto::Sha256 disclosure_key;
};
DatasetFacts dataset_facts(const ExecutionRequest& request);

// What one run leaves behind once the dataset is wiped.
struct FinishedRun {
  const std::vector<Stage>& stages;
  const std::optional<std::string>& ended_in;  // the stage that failed, when not the last
  const executor::PolicyId& policy;
  const DatasetFacts& dataset;
  const executor::RunReport& report;
  const std::vector<gateway::CallRecord>& calls;
  const RecordedTrace& trace;
  const intake::WipeReport& wipe;
  certificate::Lifecycle lifecycle;
};

// The part of a claim that is known before the run: what its input_hash is over.
struct PlannedRun {
  const std::vector<Stage>& stages;
  const executor::PolicyId& policy;
  const DatasetFacts& dataset;
  const std::optional<ModelAccess>& llm;
  const std::vector<std::string>& withhold;
};
certificate::Claim planned_claim(const PlannedRun& planned,
                                 std::vector<certificate::Assertion> assertions);
std::string fresh_run_id();

std::string result_status(const executor::Outcome& outcome);
// 0..255, minus the signal number, or -1 when nothing was started.
std::int64_t result_exit_code(const executor::Outcome& outcome);

Result<certificate::Claim> make_claim(certificate::Claim planned, const FinishedRun& finished);
certificate::Run make_run(const FinishedRun& finished, const Parts& parts, Bytes nonce);

// Of a result that may be withheld, the statement keeps a commitment alone; what is shown of it is
// returned. Absent: it may not be, or is too long for a certificate.
std::optional<certificate::ShownResult> commit_to_result(certificate::Statement& statement,
                                                         const FinishedRun& finished);

}  // namespace mayfly::pipeline
