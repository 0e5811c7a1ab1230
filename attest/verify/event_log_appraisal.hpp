// Appraises a boot event log against register values that a quote has vouched for already.
//
// Errors    None: everything that is wrong is a finding.
// Threads   Pure function: no I/O, no clock, no globals.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "attest/verify/event_log.hpp"
#include "attest/verify/findings.hpp"

namespace mayfly::attest {

enum class EventLogCheck : std::uint8_t {
  log_layout,
  log_bank,        // the log has digests of the quoted bank, and that is not SHA-1
  log_registers,   // only registers that the platform has; the rule says which must be replayed
  log_replay,      // the log ends in the quoted values
  log_separators,  // one for each register at most, and none that reports a failed boot
  log_payloads,    // what events of a measured type show is what was measured
};

template <>
struct CheckTable<EventLogCheck> {
  static const std::array<CheckRow, 6> rows;
};

// What the numbers of a log's registers mean.
enum class EventLogKind : std::uint8_t {
  tpm,   // PCR 0 to 23
  ccel,  // 1 to 4: RTMR0 to RTMR3; 0 is MRTD, which no event extends
};

struct QuotedRegister {
  std::uint32_t index = 0;  // as the log counts
  Bytes value;
};

struct OneSeparator {};
struct PayloadsMeasured {};

// What a policy asks of a boot log.
struct EventLogRule {
  std::vector<std::uint32_t> registers;  // that the log must account for: PCRs, or RTMRs
  Expected<OneSeparator> separators;
  Expected<PayloadsMeasured> payloads;
};

struct EventLogPolicy {
  EventLogKind kind = EventLogKind::tpm;
  TpmHash bank = TpmHash::sha256;
  // Which registers the log must account for, each of them among the quoted ones. Registers that
  // a running system extends (PCR 10, RTMR3) have logs of their own.
  std::vector<std::uint32_t> registers;
  // A second separator is how a running system makes up a second boot. Some OVMF builds of TDX put
  // those of PCR 1 and PCR 7 into RTMR0.
  Expected<OneSeparator> separators;
  Expected<PayloadsMeasured> payloads;
};

// An event of a register whose replay gave the quoted value.
struct ProvenEvent {
  std::uint32_t register_index = 0;
  std::uint32_t type = 0;
  Bytes digest;
  PayloadBinding binding = PayloadBinding::described_only;
  Bytes measured;  // empty unless bound
  bool is_before_separator = true;
};

struct EventLogAppraisal {
  EvidenceVerdict verdict = EvidenceVerdict::malformed;
  Findings<EventLogCheck> findings;
  // Empty unless the layout holds and every register of the policy was replayed.
  std::vector<ProvenEvent> events;
};

EventLogAppraisal appraise_event_log(ByteView log, std::span<const QuotedRegister> quoted,
                                     const EventLogPolicy& policy);

}  // namespace mayfly::attest
