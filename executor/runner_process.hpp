// One mayfly-runner, as its client sees it: started, spoken to, waited for.
//
// Errors    unavailable: it cannot be started.
// Threads   One object, one thread. The thread that starts it must live as long as it does: the
//           kernel tells it to stop when that thread ends.
#pragma once
#include <sys/types.h>

#include <string>
#include <utility>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "executor/channel.hpp"

namespace mayfly::executor {

class RunnerProcess {
 public:
  // `program` is from move_up() (base/helper_program.hpp).
  static Result<RunnerProcess> spawn(const UniqueFd& program);

  RunnerProcess(RunnerProcess&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)), channel_(std::move(other.channel_)) {}
  RunnerProcess& operator=(RunnerProcess&&) = delete;
  // A runner that is not needed any more is killed: it takes its sandbox with it.
  ~RunnerProcess();

  const Channel& channel() const { return channel_; }

  // Alive, and with nothing to say: as it is until it gets its request.
  bool is_silent() const;
  // There will be no request: it takes down what it has built, and ends.
  void hang_up();
  // The text says how it ended, for an error message.
  std::string wait();

 private:
  RunnerProcess(pid_t pid, Channel channel) : pid_(pid), channel_(std::move(channel)) {}
  pid_t pid_;
  Channel channel_;
};

}  // namespace mayfly::executor
