// Asks dstack's guest agent for a TDX quote over 64 bytes, through its socket. The part runtime_log
// is the event log that the agent gives with it, in the agent's own spelling (a JSON array).
//
// Source    dstack, guest agent: version 1 (/var/run/dstack.sock, POST /GetQuote), and before it
//           version 0 (/var/run/tappd.sock, POST /prpc/Tappd.TdxQuote?json).
// Errors    unavailable: no such socket, no answer in time, an answer that is not 200.  malformed:
//           an answer without a quote.  limit: over dstack_answer_bytes_max.
// Threads   Each call has a connection of its own.
#pragma once
#include <string>

#include "attest/model/binding.hpp"
#include "attest/model/evidence.hpp"

namespace mayfly::attest {

inline constexpr std::size_t dstack_answer_bytes_max = std::size_t{4} * 1024 * 1024;

enum class DstackVersion : std::uint8_t { v0, v1 };
inline constexpr const char* dstack_v0_socket = "/var/run/tappd.sock";
inline constexpr const char* dstack_v1_socket = "/var/run/dstack.sock";

Result<Evidence> dstack_evidence(const std::string& socket, DstackVersion version,
                                 const ReportData& report_data);

}  // namespace mayfly::attest
