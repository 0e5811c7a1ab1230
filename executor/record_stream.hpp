// The record of a run on its way to the client: what the two recorders saw, in the order of its
// times, sent while the job runs. So no record is ever held, however long it gets.
//
// Shapes    Held at most: one batch of the file recorder's, and executions_waiting_bytes_max of
//           executions since the last one; a job that goes past that is to be stopped (is_full()).
//           An execution waits for the digest of its program, and what came after it waits, too.
//           A client that does not read makes the file recorder wait, and so the job.
// Errors    internal: the client is gone.  malformed: a batch that is none.
// Threads   One stream, one thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "executor/channel.hpp"
#include "executor/program_digests.hpp"
#include "executor/sandbox.hpp"

namespace mayfly::executor {

inline constexpr std::size_t executions_waiting_bytes_max = std::size_t{64} * 1024 * 1024;

// An event of the exec recorder: a program's start or end, or an attempt to execute one.
struct Executed {
  Event event;
  std::optional<ProgramDigests::Slot> digest{};  // of an ExecEvent's program
};

class RecordStream {
 public:
  void start(UnixMillis at, std::chrono::steady_clock::time_point started);
  void add(std::vector<Executed> events);
  // `events`: of file calls, encoded, with times of the steady clock; all until `told_us`.
  Result<void> add_batch(ByteView events, std::int64_t told_us);
  // From now on no file call can come before any execution.
  void end_files();

  // Whether there is room for a batch; and whether so much waits for one that it should be asked
  // for.
  bool wants_batch() const { return calls_.empty() && unsent_.empty(); }
  bool needs_batch() const { return executed_.size() >= executions_waiting_max; }
  bool is_full() const { return waiting_bytes_ > executions_waiting_bytes_max; }
  bool wants_to_send() const { return !unsent_.empty(); }

  Result<void> pump(const Channel& client, const ProgramDigests& digests);  // never waits for long
  // All of it. Precondition: every digest is known.
  Result<void> finish(const Channel& client, const ProgramDigests& digests);

 private:
  static constexpr std::size_t executions_waiting_max = 256;
  static constexpr std::size_t batch_bytes = std::size_t{48} * 1024;

  bool take_next(const ProgramDigests& digests);  // to unsent_; false: none may go yet
  bool execution_is_next() const;
  void gather(const ProgramDigests& digests);

  std::int64_t started_us_ = 0;
  std::int64_t told_us_ = 0;
  std::deque<Executed> executed_;
  std::size_t waiting_bytes_ = 0;
  std::deque<FileEvent> calls_;
  Bytes unsent_;
};

}  // namespace mayfly::executor
