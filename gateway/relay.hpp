// Answers one connection of the job: each request is checked, paid for, sent on with the real key,
// and its reply handed back as it comes.
//
// Shapes    A stream is passed on event by event, a plain reply whole. The gateway itself tries
//           nothing twice: the job's library does, and two that retry multiply.
// Errors    None: they are the job's, as replies in its own language, and in the record.
// Threads   One connection, one thread; Gate is shared by all.
#pragma once
#include <chrono>

#include "crypto/locked_secret.hpp"
#include "gateway/budget.hpp"
#include "gateway/call_log.hpp"
#include "gateway/settings.hpp"
#include "gateway/socket_stream.hpp"
#include "gateway/upstream.hpp"

namespace mayfly::gateway {

inline constexpr std::size_t reply_bytes_max = std::size_t{64} * 1024 * 1024;
inline constexpr std::size_t error_reply_bytes_max = std::size_t{64} * 1024;
inline constexpr int job_idle_ms_max = 120'000;

// What all connections of one run share.
struct Gate {
  Settings settings;
  crypto::LockedSecret key;  // empty: the provider wants none
  Budget budget;
  UpstreamPool pool;
  CallLog log;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
};

void serve_connection(SocketStream& job, Gate& gate);

}  // namespace mayfly::gateway
