// The job's own process, from fork to exec of its program.
//
// Errors    Told to the supervisor: not_started when the image has no such program, failed when a
//           confinement step could not be done. Then the process ends.
// Threads   Runs in a fresh process of its own.
#pragma once
#include "executor/sandbox_protocol.hpp"

namespace mayfly::executor {

// Where a command without '/' is looked up, in this order.
inline constexpr const char* image_path_directories[] = {"/usr/local/bin",  "/usr/bin",  "/bin",
                                                         "/usr/local/sbin", "/usr/sbin", "/sbin"};

[[noreturn]] void run_job(const SandboxPlan& plan, const SandboxChannels& channels);

}  // namespace mayfly::executor
