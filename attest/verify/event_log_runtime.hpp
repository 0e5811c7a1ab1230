// Logs of what a running system measured: Linux IMA (PCR 10) and dstack (RTMR3). Firmware's logs
// are attest/verify/event_log.
//
// Shapes    dstack's events: a list of pairs, as decode_dstack_events() says.
// Source    Linux, security/integrity/ima (binary_runtime_measurements, little-endian); dstack: an
//           event's digest is SHA-384(le32(0x08000001) || ":" || name || ":" || payload).
// Errors    malformed: truncated, a template of unknown fields.  limit: over the bounds below.
//           rejected: the register is not one that the log leads to.
// Threads   Pure functions. parse_ima_log() borrows from the log.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attest/verify/tpm_structures.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::attest {

inline constexpr std::size_t ima_log_bytes_max = std::size_t{64} * 1024 * 1024;
inline constexpr std::size_t ima_template_bytes_max = std::size_t{64} * 1024;

// One file that was measured before it was used.
struct ImaEntry {
  std::uint32_t register_index = 0;
  // The kernel could not say what was used: the file was open for writing at the time.
  bool is_violation = false;
  std::string_view template_name;  // "ima-ng", "ima-sig"
  ByteView template_data;          // what the register is extended with the digest of
  std::string_view hash_name;      // "sha256"
  ByteView file_digest;
  std::string_view path;
};
Result<std::vector<ImaEntry>> parse_ima_log(ByteView log);

// How many entries, from the first, lead to the quoted value: a log is read after the quote, and
// the kernel goes on measuring meanwhile. Kernels before 5.8 extend SHA-256 banks with a padded
// SHA-1 digest; such a value is led to by no entry.
Result<std::size_t> ima_entries_behind(std::span<const ImaEntry> entries, TpmHash bank,
                                       std::uint32_t register_index, ByteView quoted);

inline constexpr std::size_t dstack_events_max = 4096;
inline constexpr std::size_t dstack_event_name_bytes_max = 256;
inline constexpr std::size_t dstack_event_payload_bytes_max = std::size_t{64} * 1024;

// A name is not empty and has no colon: with one, the same digest could be shown as several pairs
// of name and payload.
struct DstackEvent {
  std::string name;
  Bytes payload;

  bool operator==(const DstackEvent&) const = default;
};

// For each event the length of its name (u16) and the name, the length of its payload (u32) and the
// payload; big-endian, in the order in which they were measured.
Result<std::vector<DstackEvent>> decode_dstack_events(ByteView bytes);
Result<Bytes> encode_dstack_events(std::span<const DstackEvent> events);

crypto::Sha384 dstack_event_digest(const DstackEvent& event);
// The value of RTMR3 after these events.
crypto::Sha384 replay_dstack_events(std::span<const DstackEvent> events);

}  // namespace mayfly::attest
