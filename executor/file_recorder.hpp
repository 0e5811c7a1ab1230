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
#include "executor/record_stream.hpp"
#include "executor/sandbox.hpp"
#include "executor/user_mapping.hpp"
#include "executor/wire.hpp"

namespace mayfly::executor {

// Of one run; all paths together. A job that names more is stopped: an incomplete record would
// claim to be complete.
inline constexpr std::uint64_t file_events_max = 100'000'000;
inline constexpr std::uint64_t file_record_bytes_max = std::uint64_t{16} * 1024 * 1024 * 1024;
// Between the last process of the job and the end of the record: what is still to be hashed.
inline constexpr int file_record_ms_max = 60'000;
// The first byte of what it says: it is in its place; events until a time (8 bytes, little-endian,
// of the steady clock in microseconds); an Error. And of what it is told: to tell events now.
enum class RecorderWord : std::uint8_t { ready = 1, events = 2, failure = 3, tell = 4 };

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
  // What it tells while the job runs; none any more: not open.
  const UniqueFd& told() const { return channel_.fd(); }
  Result<void> hear(RecordStream& record);  // one message; waits for it
  Result<void> ask_for_events();            // once, until it has told some
  // What wait4 said of it; the rest of what it told is heard. An error: it gave up, and says why.
  Result<void> on_end(int status, RecordStream& record);
  // Once the job is dead: waits for the rest.
  Result<std::vector<ImageFile>> finish(RecordStream& record);

 private:
  Result<void> hear_all(RecordStream& record);
  FileRecorder(pid_t pid, UniqueFd pidfd, Channel channel, UniqueFd record)
      : pid_(pid),
        pidfd_(std::move(pidfd)),
        channel_(std::move(channel)),
        record_(std::move(record)) {}
  pid_t pid_;  // 0: it has ended
  UniqueFd pidfd_;
  Channel channel_;
  UniqueFd record_;  // a memfd that it fills at the end: files of the image
  std::optional<Error> failure_{};
  bool asked_ = false;
};

}  // namespace mayfly::executor
