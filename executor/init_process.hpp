// Process 1 of a sandbox: builds what the job sees, starts the job, then only reaps. It holds the
// dataset's descriptors, so its entries in /proc must be readable by the job; and therefore it ends
// up with no capability, and a filter under which it can do nothing but wait.
//
// Errors    Told to the supervisor; then the process, and with it the sandbox, ends.
// Threads   Runs in a fresh process of its own.
#pragma once
#include "executor/cgroup.hpp"
#include "executor/sandbox_protocol.hpp"

namespace mayfly::executor {

[[noreturn]] void run_init(const SandboxPlan& plan, const RunCgroup& cgroup,
                           SandboxChannels channels);

}  // namespace mayfly::executor
