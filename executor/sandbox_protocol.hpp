// What the supervisor and the two processes it makes (pid 1 of the sandbox, then the job) say to
// each other before the job's program starts. One word per message.
//
//   supervisor          pid 1                         job
//   build      ──────▶  becomes the job's user,
//                       builds and enters the root
//              ◀──────  root_ready
//   (attaches it to its control group and verifies)
//   start_job  ──────▶  drops privileges, forks ───▶  limits itself
//              ◀──────  locked (only waits now)
//              ◀────────────────────────────────────  job_waiting
//   (traces the job)
//   run        ─────────────────────────────────────▶ system call policy, whose listener goes to
//                                                     the file recorder; exec
//              ◀────────────────────────────────────  not_started, if there was no exec
//
// Threads   Plain values.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "executor/channel.hpp"
#include "executor/privileges.hpp"
#include "executor/request.hpp"
#include "executor/root_fs.hpp"
#include "executor/seccomp_policy.hpp"
#include "executor/user_mapping.hpp"

namespace mayfly::executor {

enum class Word : std::uint8_t {
  build = 1,
  root_ready,
  start_job,
  locked,
  job_waiting,
  run,
  not_started,  // and why, as text
  failed,       // and an error, as encode_failure writes it
};

// Everything the sandbox is made from; the same object in the supervisor and, copied by clone, in
// the two processes.
struct SandboxPlan {
  RunRequest request;
  CompiledPolicy policy;
  UserMapping user;
  ScratchSize scratch_size;
  Scratch scratch;
  ResourceLimits limits;
  UniqueFd listener;  // the job's process sends its listener to the file recorder through it
  std::vector<UniqueFd> dataset;
  UniqueFd stdout_end;  // for writing
  UniqueFd stderr_end;
};

Result<void> say(const Channel& channel, Word word, ByteView rest = {});
// In pid 1 and the job: waits for this word; anything else, and the end of the channel, is an
// error.
Result<void> wait_for(const Channel& channel, Word word);

}  // namespace mayfly::executor
