// Sandboxes that were built before anybody asked for them: each is a mayfly-runner of its own that
// waits for its request, is used once, and is then replaced.
//
// Shapes    An empty pool is no error: a runner is then started for the run, as without a pool.
// Errors    unavailable: no runner can be started.
// Threads   take() from any thread. A thread of its own builds and replaces; it ends with the
//           object. No lease may outlive it.
#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "executor/runner_process.hpp"

namespace mayfly::executor {

class SandboxPool {
 public:
  // `program` is from move_up() (base/helper_program.hpp). `count` may be 0.
  SandboxPool(UniqueFd program, std::size_t count);
  SandboxPool(const SandboxPool&) = delete;
  SandboxPool& operator=(const SandboxPool&) = delete;
  ~SandboxPool();  // hangs up on all that wait, and sees them end

  // A runner for one run, and the end of that run.
  class Lease {
   public:
    Lease(SandboxPool* pool, RunnerProcess runner) : pool_(pool), runner_(std::move(runner)) {}
    Lease(Lease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), runner_(std::move(other.runner_)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (pool_ != nullptr) pool_->replace_now();
    }
    RunnerProcess& runner() { return runner_; }
    bool was_waiting() const { return pool_ != nullptr; }  // it was not started for this run

   private:
    SandboxPool* pool_;  // null: it was not from the pool
    RunnerProcess runner_;
  };
  Result<Lease> take();

 private:
  using Clock = std::chrono::steady_clock;
  void keep_filled();
  void replace_now();

  UniqueFd program_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<RunnerProcess> waiting_;
  std::multiset<Clock::time_point> due_;  // when the missing ones are to be built
  bool closing_ = false;
  std::thread keeper_;
};

}  // namespace mayfly::executor
