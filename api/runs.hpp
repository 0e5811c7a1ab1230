// The runs that can be asked for by their id, those that wait, run, or have ended not long ago.
//
// Shapes    Bounded: of those that have ended the oldest are forgotten. Their answers hold a job's
//           output, and are nowhere but in this memory.
// Threads   Any number.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "api/run.hpp"

namespace mayfly::api {

struct RunsLimits {
  std::size_t ended_max = 10'000;
  std::size_t answer_bytes_max = std::size_t{64} * 1024 * 1024;  // all answers kept, together
};

class Runs {
 public:
  explicit Runs(const RunsLimits& limits = {}) : limits_(limits) {}

  void add(const std::shared_ptr<Run>& run);
  // Once, when a run that was added has ended.
  void note_end(const std::shared_ptr<Run>& run);
  void forget(const Run& run);
  // Null: there is none of this client's.
  std::shared_ptr<Run> find(std::string_view id, std::string_view client) const;
  // Of all runs that have not ended.
  void kill_all() const;

 private:
  void forget_surplus();

  const RunsLimits limits_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<Run>> by_id_;
  std::deque<std::shared_ptr<Run>> ended_;  // oldest first
  std::size_t answer_bytes_ = 0;
};

}  // namespace mayfly::api
