// Accepted connections waiting for a thread: bounded, so that a flood costs descriptors, not
// memory.
//
// Threads   Any number of givers and takers.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>

#include "base/unique_fd.hpp"

namespace mayfly::api {

class ConnectionQueue {
 public:
  explicit ConnectionQueue(std::size_t waiting_max) : waiting_max_(waiting_max) {}

  // Gives the connection back when the queue is full or closed.
  std::optional<UniqueFd> offer(UniqueFd connection);
  // Waits. Nothing: closed, and nobody is waiting any more.
  std::optional<UniqueFd> take();
  void close();

 private:
  const std::size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<UniqueFd> waiting_;
  bool closed_ = false;
};

}  // namespace mayfly::api
