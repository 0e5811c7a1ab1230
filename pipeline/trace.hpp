// The full, ordered record of a run as salted Merkle leaves, and its aggregated summary.
//
// Shapes    One JSON object per event, canonical, each with its own random 16-byte salt; the root
//           covers all of them, so that later a single event can be shown or withheld visibly.
//           The summary counts equal executions; nothing of one run's chance (order, process
//           numbers, times, temporary names) reaches it.
// Errors    internal only.
#pragma once
#include <string>
#include <vector>

#include "base/result.hpp"
#include "certificate/model.hpp"
#include "executor/sandbox.hpp"
#include "gateway/call_record.hpp"

namespace mayfly::pipeline {

struct SealedTrace {
  crypto::Sha256 root;
  std::vector<std::string> lines;  // leaf i is over lines[i] (it holds its salt)
};
Result<SealedTrace> seal_trace(const executor::RunReport& report,
                               const std::vector<gateway::CallRecord>& calls = {});

// A tool is named as a request would name it ("python"), a program of coreutils by its own name, a
// file outside the image as "./name", so that none can pass for a tool.
std::vector<certificate::ToolUse> aggregate_executions(
    const std::vector<executor::ExecEvent>& executions,
    const std::vector<executor::ScriptFile>& scripts, const crypto::Sha256& disclosure_key);

// "/tmp/ccQ7x.o" -> "/tmp/*": names that a program draws at random below /tmp say nothing about
// what ran, and would make equal runs unequal.
std::string without_temporary_names(std::string_view argument);

}  // namespace mayfly::pipeline
