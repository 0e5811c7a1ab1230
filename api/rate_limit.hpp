// How often one client may ask for a run: a bucket of tokens for each, filled at a steady rate.
//
// Source    draft-ietf-httpapi-ratelimit-headers-09: the two header fields.
// Shapes    Time is an argument. A client that has not asked for a whole window is forgotten; of
//           clients_max at once the one that asked longest ago is.
// Threads   Any number.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace mayfly::api {

inline constexpr std::chrono::seconds rate_window{60};
inline constexpr std::uint64_t rate_per_window_max = 1'000'000;
inline constexpr std::size_t rate_clients_max = 10'000;

class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;
  explicit RateLimit(std::uint64_t per_window) : per_window_(per_window) {}

  struct Verdict {
    bool allowed = true;
    std::uint64_t remaining = 0;
    std::chrono::seconds until_next{0};  // when one more may be asked for; 0: now

    std::string field() const;  // RateLimit
  };
  Verdict ask(const std::string& client, Clock::time_point now);
  std::string policy_field() const;  // RateLimit-Policy

 private:
  struct Bucket {
    double tokens;
    Clock::time_point at;
  };
  void forget_idle(Clock::time_point now);

  const std::uint64_t per_window_;
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace mayfly::api
