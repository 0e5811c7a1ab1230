// What the executor's tests share: specs in one line, the runner under test, and the ordinary user.
//
// Use       EXPECT_EQ(stdout_of(run(shell("echo hello"))), "hello\n");
// Shapes    Every program of tests/executor that runs sandboxes is registered twice: as it is, and
//           with --as-user, where it gives root away first and runs the same tests again.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "executor/sandbox.hpp"
#include "intake/dataset.hpp"

namespace mayfly::executor::test {

const Runner& runner();
bool is_root();
// A job's memory and processes are bounded by control groups (else: by weaker means).
bool has_control_groups(const RunReport& report);

SandboxSpec command(std::vector<std::string> argv);
SandboxSpec shell(std::string_view script);
SandboxSpec python(std::string_view script);
// The statically linked helper (confined_job.cpp), given to the job as a script named "job".
SandboxSpec helper(std::vector<std::string> arguments);
const Bytes& helper_program();

// A run that must not fail on our side: ends the test program with the error if it does.
RunReport run(const SandboxSpec& spec, const intake::Dataset* dataset = nullptr,
              const Runner::Watch& watch = {});

std::string stdout_of(const RunReport& report);
std::string stderr_of(const RunReport& report);
// "exited 0", "signalled 9", "timed out", "limit memory", "denied: ...", "not started: ..."
std::string outcome_of(const RunReport& report);

intake::Dataset dataset_of(std::string_view name, std::string_view contents);
intake::SealedFile sealed_file(std::string_view name, std::string_view contents);

}  // namespace mayfly::executor::test
