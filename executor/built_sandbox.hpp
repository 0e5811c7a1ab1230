// A sandbox that waits for its run: in its own namespaces and control groups, with its root built
// and the job's process born, beside it a file recorder, and nothing in either of any run or
// dataset.
//
// Errors    As of its parts. After an error nothing is left.
// Threads   Blocks signals and makes children: the caller is single-threaded.
#pragma once
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "executor/cgroup.hpp"
#include "executor/file_recorder.hpp"
#include "executor/live_sandbox.hpp"
#include "executor/phases.hpp"
#include "executor/sandbox_protocol.hpp"
#include "executor/seccomp_policy.hpp"

namespace mayfly::executor {

struct BuiltSandbox {
  UniqueFd signals;  // a signalfd: SIGCHLD, and what asks the runner to stop
  SandboxPlan plan;
  CompiledPolicy policy;
  UniqueFd stdout_end;  // for reading
  UniqueFd stderr_end;
  RunCgroup cgroup;  // before the sandbox: it is removed after the processes are gone
  LiveSandbox sandbox;
  FileRecorder files;  // after the sandbox, whose end waits for every child there is
};

Result<BuiltSandbox> build_sandbox(Phases& phases);

}  // namespace mayfly::executor
