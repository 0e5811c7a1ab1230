// The checks of TdxStage::logs: do the logs that stand beside a quote lead to its RTMRs, and do
// they show what the policy wants?
//
// Source    attest/verify/event_log (CCEL) and event_log_runtime (dstack).
// Threads   Pure function.
#pragma once
#include <optional>
#include <vector>

#include "attest/verify/tdx_appraisal.hpp"
#include "attest/verify/tdx_policy.hpp"
#include "base/bytes.hpp"

namespace mayfly::attest {

struct TdLogs {
  std::optional<Bytes> boot{};     // CCEL: of RTMR0 to RTMR2, in some machines of RTMR3
  std::optional<Bytes> runtime{};  // encode_dstack_events(): of RTMR3
};

struct TdLogFindings {
  std::vector<TdxFinding> findings;  // every check of the stage once, in order
  // Of a log that leads to the body's registers; whether the body is genuine is the caller's.
  std::vector<ProvenEvent> boot_events;
  std::vector<DstackEvent> runtime_events;
};

// A log that no policy asks for is not looked at.
TdLogFindings check_td_logs(const TdQuoteBody& body, const TdLogs& logs, const TdxPolicy& policy);

}  // namespace mayfly::attest
