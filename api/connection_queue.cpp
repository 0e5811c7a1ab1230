#include "api/connection_queue.hpp"

namespace mayfly::api {

std::optional<UniqueFd> ConnectionQueue::offer(UniqueFd connection) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || waiting_.size() == waiting_max_) return connection;
    waiting_.push_back(std::move(connection));
  }
  changed_.notify_one();
  return std::nullopt;
}

std::optional<UniqueFd> ConnectionQueue::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
  if (waiting_.empty()) return std::nullopt;
  UniqueFd next = std::move(waiting_.front());
  waiting_.pop_front();
  return next;
}

void ConnectionQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

}  // namespace mayfly::api
