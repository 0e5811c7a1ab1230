// The calls of one run, in the order in which they ended. Bounded: once full, the gateway lets
// nothing more through, so that what is here is all there was.
//
// Threads   Safe from any thread.
#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "gateway/call_record.hpp"

namespace mayfly::gateway {

inline constexpr std::size_t calls_logged_max = 20'000;

class CallLog {
 public:
  // A call may go on only with a place for its record.
  bool take_place() { return places_.fetch_add(1) < calls_logged_max; }
  void add(CallRecord record) {
    const std::scoped_lock lock(mutex_);
    record.seq = static_cast<std::int64_t>(records_.size()) + 1;
    records_.push_back(std::move(record));
  }
  std::vector<CallRecord> take() {
    const std::scoped_lock lock(mutex_);
    return std::move(records_);
  }

 private:
  std::atomic<std::size_t> places_ = 0;
  std::mutex mutex_;
  std::vector<CallRecord> records_;
};

}  // namespace mayfly::gateway
