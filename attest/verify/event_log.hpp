// Reads boot event logs and replays them: which registers they end in, and which of what they show
// was really measured.
//
// Source    TCG, PC Client Platform Firmware Profile, clause 10 (crypto-agile logs); UEFI,
//           "Confidential Computing" (CCEL: index 1 to 4 stand for RTMR0 to 3 of Intel TDX).
// Shapes    Integers little-endian. After a log's last event: its end, or padding of 0xff, or of 0.
// Errors    malformed: truncated, not a crypto-agile log (the older one has SHA-1 only), digests
//           that are not those announced, a StartupLocality that comes late or twice.  limit: over
//           event_log_bytes_max or event_log_events_max.
// Threads   Pure functions. What they return borrows from the log.
#pragma once
#include <cstdint>
#include <vector>

#include "attest/verify/tpm_structures.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::attest {

inline constexpr std::size_t event_log_bytes_max = std::size_t{4} * 1024 * 1024;
inline constexpr std::size_t event_log_events_max = 65'536;
inline constexpr std::uint32_t event_log_registers_max = 24;

// TCG event types that are told apart here.
namespace event_type {
inline constexpr std::uint32_t post_code = 0x00000001;
inline constexpr std::uint32_t no_action = 0x00000003;
inline constexpr std::uint32_t separator = 0x00000004;
inline constexpr std::uint32_t action = 0x00000005;
inline constexpr std::uint32_t event_tag = 0x00000006;
inline constexpr std::uint32_t crtm_version = 0x00000008;
inline constexpr std::uint32_t initial_program_loader = 0x0000000d;
inline constexpr std::uint32_t nonhost_info = 0x00000011;
inline constexpr std::uint32_t omit_boot_device_events = 0x00000012;
inline constexpr std::uint32_t variable_driver_config = 0x80000001;
inline constexpr std::uint32_t variable_boot = 0x80000002;
inline constexpr std::uint32_t gpt_event = 0x80000006;
inline constexpr std::uint32_t efi_action = 0x80000007;
inline constexpr std::uint32_t variable_boot2 = 0x8000000c;
inline constexpr std::uint32_t hcrtm_event = 0x80000010;
inline constexpr std::uint32_t variable_authority = 0x800000e0;
}  // namespace event_type

struct LoggedDigest {
  TpmHash hash = TpmHash::sha256;
  ByteView value;
};

struct LoggedEvent {
  std::uint32_t register_index = 0;  // PCR, or CCEL's measurement register
  std::uint32_t type = 0;
  std::vector<LoggedDigest> digests;  // one for each bank of the log
  ByteView data;                      // whatever the logger wrote: see bind_payload()

  const LoggedDigest* digest(TpmHash hash) const;
};

struct ParsedEventLog {
  std::vector<TpmHash> banks;
  std::vector<LoggedEvent> events;  // without the announcement at the beginning
  std::uint8_t startup_locality = 0;
  std::size_t bytes_used = 0;
};

Result<ParsedEventLog> parse_event_log(ByteView log);

// The value of each register after the log: old = H(old || digest), from zero.
// Precondition: the log has the bank.
std::vector<Bytes> replay_event_log(const ParsedEventLog& log, TpmHash bank);

enum class PayloadBinding : std::uint8_t {
  bound,           // the register holds the digest of `measured`
  described_only,  // by its type the data is a label of something measured elsewhere: not evidence
  contradicted,    // by its type the data is what was measured, and its digest is another
};

struct BoundPayload {
  PayloadBinding binding = PayloadBinding::described_only;
  ByteView measured;  // the part of the data that was measured; empty unless bound
};

// A register proves digests only: text beside them is the logger's. This recomputes the digest from
// the data by the rule of the event's type (GRUB measures a command without its prefix; firmware a
// boot variable's value or all of it).
BoundPayload bind_payload(const LoggedEvent& event, TpmHash bank);

}  // namespace mayfly::attest
