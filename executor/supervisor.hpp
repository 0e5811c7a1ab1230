// Runs one request: sets the sandbox up, lets the job go, watches it, ends it, and says how it was.
//
// Shapes    One loop over one poll(2): children, output, the client, and the nearest deadline. No
//           busy waiting. Output goes to the client as frames while the job runs; the report that
//           is returned has none of it.
// Errors    As Runner::run. The sandbox is gone in either case.
// Threads   Single-threaded: traces, forks, and waits for every child of the process.
#pragma once
#include <variant>

#include "base/result.hpp"
#include "executor/built_sandbox.hpp"
#include "executor/channel.hpp"
#include "executor/phases.hpp"
#include "executor/request.hpp"
#include "executor/sandbox.hpp"

namespace mayfly::executor {

// Between SIGTERM and SIGKILL when a limit of time is reached.
inline constexpr int termination_grace_ms = 2000;
// How often processes are sampled where no control group counts memory.
inline constexpr int memory_sample_ms = 25;
// After SIGKILL: how long until a process that does not die makes the run fail.
inline constexpr int death_ms_max = 10'000;

// All that a client says of a run.
struct AskedRun {
  RunRequest request;
  std::vector<UniqueFd> dataset;
  UniqueFd digests;  // a table of them (digest_table.hpp), or none
};

// The sandbox could not be made the run's own: nothing of the run has begun, and another may do.
struct NotBegun {
  Error why;
};
using Supervised = std::variant<RunReport, NotBegun>;

Result<Supervised> supervise(BuiltSandbox built, AskedRun asked, const Channel& client,
                             Phases& phases);

}  // namespace mayfly::executor
