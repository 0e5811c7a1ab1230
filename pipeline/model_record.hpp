// Calls of models, as the trace and the claim have them.
//
// Shapes    The trace has every call, also those that were not let out. The claim has those that
//           left, equal ones counted together, without times, ids or what a provider was asked
//           besides its model.
// Threads   Pure functions.
#pragma once
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "certificate/model.hpp"
#include "gateway/call_record.hpp"

namespace mayfly::pipeline {

struct CallEvent {
  std::int64_t at_us = 0;  // since the job was started
  std::string json;        // canonical
};
// In the order in which the calls began.
Result<std::vector<CallEvent>> call_events(const std::vector<gateway::CallRecord>& calls,
                                           UnixMillis execution_started);

std::vector<certificate::LlmCall> aggregate_calls(const std::vector<gateway::CallRecord>& calls);

}  // namespace mayfly::pipeline
