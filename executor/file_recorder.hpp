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
#include "executor/digest_table.hpp"
#include "executor/live_sandbox.hpp"
#include "executor/recorded_calls.hpp"
#include "executor/sandbox.hpp"
#include "executor/user_mapping.hpp"

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
  struct Job {
    const UserMapping& user;
    KnownFiles known;
    DigestTable remembered;
    std::int64_t file_bytes_max;                 // RLIMIT_FSIZE of the job
    std::optional<std::uint16_t> loopback_port;  // the one address that may be connected to
    std::string policy;                          // by name: which calls are only refused
    std::optional<crypto::Sha256> seed;          // of a seeded run
    Channel listener;  // the job's process says which descriptor its listener is
  };
  // Returns once it is in its place: no job runs before.
  static Result<FileRecorder> start(const LiveSandbox& sandbox, Job job);

  FileRecorder(FileRecorder&&) noexcept;
  FileRecorder& operator=(FileRecorder&&) = delete;
  ~FileRecorder();  // kills it

  pid_t pid() const { return pid_; }
  // What wait4 said of it. An error: it gave up, and says why.
  Result<void> on_end(int status);
  // Once the job is dead: waits for the rest. Times are since `started`.
  Result<FileRecord> finish(std::chrono::steady_clock::time_point started) &&;

 private:
  Result<void> wait_until_ready() const;
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
