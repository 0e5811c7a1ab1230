// A run as a sequence of stages, each in a sandbox of its own: build, steps, and last the command
// whose output is the result. What a stage leaves in /work lies in the /work of the next.
//
// Shapes    At least one stage; the last is named "run". A build never sees the dataset: the
//           program is fixed before anything private is in reach.
// Errors    Of stages_of(): malformed / limit, naming the field, the bound and the fix.
//           Of run_stages(): those of executor::Runner::run(). A stage that fails is not an error:
//           it ends the run, and the report is about it.
// Threads   Pure; run_stages() as Runner::run().
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "executor/sandbox.hpp"
#include "pipeline/execute.hpp"

namespace mayfly::pipeline {

inline constexpr std::size_t steps_max = 16;

enum class DatasetAccess : std::uint8_t { none, read };

struct Stage {
  std::string name;
  executor::SandboxSpec spec;
  DatasetAccess dataset = DatasetAccess::read;
};

Result<std::vector<Stage>> stages_of(const ExecutionRequest& request);

// One report about all stages that ran: files of the image that any of them used, usage added up,
// standard output of the last stage alone. Events: whoever watches gets those of all, in order.
struct StagesReport {
  executor::RunReport report;
  std::optional<std::string> ended_in;  // the stage that failed, when it is not the last one
};
Result<StagesReport> run_stages(const executor::Runner& runner, const std::vector<Stage>& stages,
                                const intake::Dataset* dataset,
                                const executor::Runner::Watch& watch);

}  // namespace mayfly::pipeline
