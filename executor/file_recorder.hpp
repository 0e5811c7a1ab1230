// Records every call of a job that names a file or an address, by making it in the job's place.
//
// Source    seccomp_unotify(2), user_namespaces(7), setns(2). docs/executor.md says why this cannot
//           be forged.
// Shapes    A process of its own beside the supervisor: it has the job's user, root, network and
//           user namespace, CAP_SYS_PTRACE over the job and nothing else, and is outside the job's
//           pid namespace, so the job can neither see nor signal it. It ends when the last process
//           of the job has.
// Errors    Whatever goes wrong there ends it; then the job's calls fail, and the run with them.
//           limit: more calls than file_events_max.
// Threads   The supervisor's own.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "executor/channel.hpp"
#include "executor/live_sandbox.hpp"
#include "executor/sandbox.hpp"
#include "executor/user_mapping.hpp"
#include "executor/wire.hpp"

namespace mayfly::executor {

// Of all paths together. A job that names more is stopped: an incomplete record would claim to be
// complete.
inline constexpr std::size_t file_record_bytes_max = std::size_t{96} * 1024 * 1024;
// Between the last process of the job and the end of the record: what is still to be hashed.
inline constexpr int file_record_ms_max = 60'000;
// What it says when it is in its place; an Error is longer.
inline constexpr std::uint8_t file_recorder_ready = 1;

class FileRecorder {
 public:
  // For a sandbox whose root is built; knows nothing of any run. `listener`: the job's process
  // sends its listener through the other end. Does not wait.
  static Result<FileRecorder> start(const LiveSandbox& sandbox, const UserMapping& user,
                                    Channel listener);
  // It is in its place: no job runs before.
  Result<void> wait_until_ready() const;
  // What it must know of the run; before the job's program starts. `digests`: a table of them, or
  // none.
  Result<void> order(const RecorderOrder& order, const UniqueFd& digests) const;

  FileRecorder(FileRecorder&&) noexcept;
  FileRecorder& operator=(FileRecorder&&) = delete;
  ~FileRecorder();  // kills it

  pid_t pid() const { return pid_; }
  // What wait4 said of it. An error: it gave up, and says why.
  Result<void> on_end(int status);
  // Once the job is dead: waits for the rest. Times are since `started`.
  Result<FileRecord> finish(std::chrono::steady_clock::time_point started) &&;

 private:
  FileRecorder(pid_t pid, UniqueFd pidfd, Channel channel, UniqueFd record)
      : pid_(pid),
        pidfd_(std::move(pidfd)),
        channel_(std::move(channel)),
        record_(std::move(record)) {}
  pid_t pid_;  // 0: it has ended
  UniqueFd pidfd_;
  Channel channel_;
  UniqueFd record_;  // a memfd that it fills at the end
};

}  // namespace mayfly::executor
