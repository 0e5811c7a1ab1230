// Judges a certificate: bytes, a policy and a time in, a report out. Reports every finding.
//
// Source    docs/certificate-format.md, "The verdict".
// Errors    None: whatever is wrong is a finding. Certificates over certificate::json_bytes_max are
//           refused unread.
// Threads   Pure function: no I/O, no clock, no globals.
#pragma once
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "transparency/log_copy.hpp"
#include "transparency/log_policy.hpp"
#include "verifier/policy.hpp"
#include "verifier/report.hpp"
#include "verifier/trace_check.hpp"

namespace mayfly::verifier {

// What the caller holds beside the certificate.
struct Supplied {
  std::optional<std::string> dataset_hash{};            // "sha256:<hex>", recomputed by the caller
  const transparency::LogPolicy* log_policy = nullptr;  // borrowed; null: none
  const transparency::LogCopy* log = nullptr;           // borrowed; null: none
  std::optional<GivenTrace> trace{};                    // as the caller read it
  std::optional<UnixMillis> clock{};  // the caller's now, if the appraisal is as of another time
};

// A certificate may be stamped this much later than `now`: clocks of two machines differ.
inline constexpr std::int64_t clock_skew_ms_max = 5 * 60 * 1000;

// The time of appraisal is by when the certificate existed, if an authority of the policy says
// that; else it is `now`: the caller's clock, or a time that the caller chose.
Report verify(ByteView certificate, const Policy& policy, UnixMillis now, const Supplied& supplied);

}  // namespace mayfly::verifier
