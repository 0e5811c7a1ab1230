// The HTTP service: listens, reads requests against bounds and deadlines, answers, drains.
//
// Shapes    One request per connection: what one request leaves unread can never be taken for the
//           next, and a refused one is closed. TLS, slow networks and crowds are the front's work
//           (nginx); this server listens on loopback.
// Errors    Of serve(): rejected (not loopback, or not without a token), malformed (no address),
//           unavailable (port taken, memory cannot be locked). A request that fails is a problem
//           reply and a log line.
// Threads   serve() blocks its thread and starts its own; `parts` must allow several runs at once.
#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>

#include "api/connection.hpp"
#include "api/listener.hpp"
#include "api/llm_request.hpp"
#include "api/plaintext_network.hpp"
#include "api/rate_limit.hpp"
#include "api/waiting_room.hpp"
#include "base/result.hpp"
#include "intake/limits.hpp"
#include "pipeline/execute.hpp"
#include "store/service_database.hpp"
#include "store/store.hpp"

namespace mayfly::api {

inline constexpr std::size_t runs_at_once_max = 64;
inline constexpr std::size_t runs_waiting_bound = 10'000;

struct ServeOptions {
  ListenAddress listen;  // port 0: the system chooses, on_listening tells
  std::optional<PlaintextFromNetwork> plaintext_from_network;
  std::size_t runs_max = 2;                        // side by side, 1..runs_at_once_max
  std::size_t runs_waiting_max = 64;               // for one of these; still more are answered 429
  std::optional<std::size_t> runs_per_client_max;  // absent: as many as all together
  std::uint64_t runs_per_minute_max = 6'000;       // of each client, 1..rate_per_window_max
  std::optional<std::uint64_t> job_bytes_max;      // absent: the memory that this machine has left
  std::chrono::milliseconds run_wait_max{600'000};
  std::size_t readers_max = 16;  // threads beside them, for everything else
  std::size_t connections_waiting_max = 64;
  intake::IntakeLimits intake;
  LlmEndpoints llm_endpoints{};  // model providers that requests may name
  ConnectionDeadlines deadlines;
  WaitingRoomTimes waiting_room;
  // Absent: room for the largest dataset as base64, and for the rest of a request.
  std::optional<std::uint64_t> body_bytes_max;
  std::chrono::milliseconds drain{30'000};  // for requests in progress; then their jobs are killed
  // Tokens, and what must survive a restart. Null: there are none, and nothing does.
  const store::ServiceDatabase* database = nullptr;
  // Called once, before the first request is read. May be empty.
  std::function<void(const ListenAddress&)> on_listening;
  // One event, a line of JSON without its end. Empty: to standard error. Any thread calls it.
  std::function<void(std::string_view)> log;
};

// Until `stop_fd` (borrowed) is readable. Certificates go to `store`, whatever parts.store is.
Result<void> serve(const ServeOptions& options, const pipeline::Parts& parts, store::Store& store,
                   int stop_fd);

}  // namespace mayfly::api
