#include "executor/blocking_calls.hpp"

#include <sys/eventfd.h>

#include <atomic>
#include <mutex>
#include <system_error>
#include <thread>

namespace mayfly::executor {

struct BlockingCalls::State {
  UniqueFd ready;
  std::mutex mutex;
  std::vector<Finished> finished;
  std::atomic<int> running = 0;
};

Result<BlockingCalls> BlockingCalls::create() {
  auto state = std::make_shared<State>();
  state->ready = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!state->ready) return fail_errno("making an eventfd");
  return BlockingCalls(std::move(state));
}

Result<void> BlockingCalls::start(const NotifiedCall& call, MadeCall made,
                                  std::function<void(MadeCall&)> make) {
  if (state_->running >= blocking_calls_max) {
    return fail(ErrorCode::limit, "too many calls of the job are waiting");
  }
  ++state_->running;
  try {
    std::thread([state = state_, call, made = std::move(made), make = std::move(make)]() mutable {
      make(made);
      const std::scoped_lock lock(state->mutex);
      state->finished.push_back({call, std::move(made)});
      --state->running;
      ::eventfd_write(state->ready.borrow(), 1);
    }).detach();
  } catch (const std::system_error& error) {
    --state_->running;
    return fail(ErrorCode::unavailable, std::string("starting a thread: ") + error.what());
  }
  return {};
}

const UniqueFd& BlockingCalls::ready() const {
  return state_->ready;
}

std::vector<BlockingCalls::Finished> BlockingCalls::take() {
  eventfd_t count = 0;
  ::eventfd_read(state_->ready.borrow(), &count);
  const std::scoped_lock lock(state_->mutex);
  return std::exchange(state_->finished, {});
}

}  // namespace mayfly::executor
