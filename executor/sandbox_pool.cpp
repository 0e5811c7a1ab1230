#include "executor/sandbox_pool.hpp"

#include <utility>

namespace mayfly::executor {
namespace {

// Building the next sandbox would take the processor from a short job; a long one must not keep the
// pool empty.
constexpr std::chrono::milliseconds replaced_after{50};
// A machine that cannot start a runner now may be able to later.
constexpr std::chrono::milliseconds tried_again_after{1000};

}  // namespace

SandboxPool::SandboxPool(UniqueFd program, std::size_t count) : program_(std::move(program)) {
  if (count == 0) return;
  for (std::size_t i = 0; i < count; ++i) due_.insert(Clock::now());
  keeper_ = std::thread([this] { keep_filled(); });
}

SandboxPool::~SandboxPool() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  if (keeper_.joinable()) keeper_.join();
  for (RunnerProcess& runner : waiting_) runner.hang_up();
  for (RunnerProcess& runner : waiting_) static_cast<void>(runner.wait());
}

Result<SandboxPool::Lease> SandboxPool::take() {
  for (;;) {
    std::unique_lock lock(mutex_);
    if (waiting_.empty()) break;
    Lease lease(this, std::move(waiting_.front()));
    waiting_.pop_front();
    due_.insert(Clock::now() + replaced_after);
    lock.unlock();
    changed_.notify_all();
    // One that has ended meanwhile, or could not be built, has said so.
    if (lease.runner().is_silent()) return lease;
  }
  TRY(RunnerProcess runner, RunnerProcess::spawn(program_));
  return Lease(nullptr, std::move(runner));
}

void SandboxPool::replace_now() {
  {
    const std::lock_guard lock(mutex_);
    if (due_.empty()) return;
    due_.erase(std::prev(due_.end()));
    due_.insert(Clock::now());
  }
  changed_.notify_all();
}

void SandboxPool::keep_filled() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    if (due_.empty()) {
      changed_.wait(lock);
      continue;
    }
    if (const auto next = *due_.begin(); next > Clock::now()) {
      changed_.wait_until(lock, next);
      continue;
    }
    due_.erase(due_.begin());
    lock.unlock();
    auto runner = RunnerProcess::spawn(program_);
    lock.lock();
    if (runner) {
      waiting_.push_back(std::move(*runner));
    } else {
      due_.insert(Clock::now() + tried_again_after);
    }
  }
}

}  // namespace mayfly::executor
