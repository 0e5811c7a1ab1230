// Calls of the job that may have to wait for somebody: opening a named pipe, connecting.
//
// Shapes    One thread each, so that the recorder goes on answering. They are few: a job has only
//           so many threads. A call whose caller was killed may keep its thread until the recorder
//           ends.
// Errors    start(): the call cannot be made now (EAGAIN for the job).
// Threads   start() and take() from the recorder's own thread only.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "executor/notified_call.hpp"
#include "executor/sandbox.hpp"

namespace mayfly::executor {

inline constexpr int blocking_calls_max = 4096;

// A call that was made: what to write down, and what the caller gets.
struct MadeCall {
  FileEvent event;  // error decides the answer; time and pid are filled in by the recorder
  UniqueFd opened;  // for the caller, when it asked for a descriptor
  NotifiedCall::OnExec on_exec = NotifiedCall::OnExec::keep;
  std::int64_t value = 0;  // what the call returns, when it did not fail and opened nothing
  enum class WrittenDown : std::uint8_t { yes, no };
  WrittenDown written_down = WrittenDown::yes;  // no: it names nothing
};

class BlockingCalls {
 public:
  struct Finished {
    NotifiedCall call;
    MadeCall made;
  };
  static Result<BlockingCalls> create();

  // `make` fills in the error and the descriptor of `made`.
  Result<void> start(const NotifiedCall& call, MadeCall made, std::function<void(MadeCall&)> make);
  const UniqueFd& ready() const;  // readable when take() has something
  std::vector<Finished> take();

 private:
  struct State;
  explicit BlockingCalls(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;  // threads that outlive us keep it
};

}  // namespace mayfly::executor
