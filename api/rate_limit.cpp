#include "api/rate_limit.hpp"

#include <algorithm>
#include <cmath>

namespace mayfly::api {

RateLimit::Verdict RateLimit::ask(const std::string& client, Clock::time_point now) {
  const auto room = static_cast<double>(per_window_);
  const double per_second = room / static_cast<double>(rate_window.count());
  const std::lock_guard lock(mutex_);
  if (!buckets_.contains(client) && buckets_.size() >= rate_clients_max) forget_idle(now);
  Bucket& bucket = buckets_.try_emplace(client, Bucket{room, now}).first->second;
  const double seconds = std::chrono::duration<double>(now - bucket.at).count();
  bucket.tokens = std::min(room, bucket.tokens + std::max(seconds, 0.0) * per_second);
  bucket.at = now;
  Verdict verdict{.allowed = bucket.tokens >= 1.0};
  if (verdict.allowed) bucket.tokens -= 1.0;
  verdict.remaining = static_cast<std::uint64_t>(bucket.tokens);
  if (bucket.tokens < 1.0) {
    const double wait = std::ceil((1.0 - bucket.tokens) / per_second);
    verdict.until_next = std::chrono::seconds(static_cast<std::int64_t>(wait));
  }
  return verdict;
}

// A bucket that is full again says nothing that a new one would not.
void RateLimit::forget_idle(Clock::time_point now) {
  std::erase_if(buckets_, [&](const auto& entry) { return now - entry.second.at >= rate_window; });
  if (buckets_.size() < rate_clients_max) return;
  buckets_.erase(
      std::ranges::min_element(buckets_, {}, [](const auto& entry) { return entry.second.at; }));
}

std::string RateLimit::Verdict::field() const {
  return "\"runs\";r=" + std::to_string(remaining) + ";t=" + std::to_string(until_next.count());
}

std::string RateLimit::policy_field() const {
  return "\"runs\";q=" + std::to_string(per_window_) + ";w=" + std::to_string(rate_window.count());
}

}  // namespace mayfly::api
