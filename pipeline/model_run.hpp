// Step 4 of a run: the job, and beside it, if it may call a model, the run's own gateway.
//
// Errors    As executor::Runner::run and gateway::Gateway. A gateway that fails loses its record,
// so
//           the run fails, too.
// Threads   As execute().
#pragma once
#include <string>
#include <vector>

#include "base/result.hpp"
#include "executor/sandbox.hpp"
#include "gateway/gateway.hpp"
#include "pipeline/execute.hpp"

namespace mayfly::pipeline {

struct RecordedRun {
  executor::RunReport report;
  std::vector<gateway::CallRecord> calls;
};

// Of the job's report, `coverage` and `confinement` then also say what was true of models.
Result<RecordedRun> run_job(const executor::SandboxSpec& spec, const ExecutionRequest& request,
                            const Parts& parts, const crypto::Sha256& disclosure_key,
                            const executor::Runner::Watch& watch);

}  // namespace mayfly::pipeline
