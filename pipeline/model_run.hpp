// Step 4 of a run: its stages, and beside the last of them, if it may call a model, the run's own
// gateway.
//
// Errors    As executor::Runner::run and gateway::Gateway. A gateway that fails loses its record,
//           so the run fails, too.
// Threads   As execute().
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "executor/sandbox.hpp"
#include "gateway/gateway.hpp"
#include "pipeline/execute.hpp"
#include "pipeline/stages.hpp"

namespace mayfly::pipeline {

struct RecordedRun {
  executor::RunReport report;
  std::optional<std::string> ended_in;  // StagesReport
  std::vector<gateway::CallRecord> calls;
};

// Of the job's report, `coverage` and `confinement` then also say what was true of models.
Result<RecordedRun> run_job(const std::vector<Stage>& stages, const ExecutionRequest& request,
                            const Parts& parts, const crypto::Sha256& disclosure_key,
                            const executor::Runner::Watch& watch);

}  // namespace mayfly::pipeline
