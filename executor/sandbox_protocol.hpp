// What the supervisor and the two processes it makes (pid 1 of the sandbox, then the job) say to
// each other before the job's program starts. One word per message.
//
//   supervisor          pid 1                         job
//   (clones it into     enters its v1 groups
//    its v2 group)
//   build      ──────▶  becomes the job's user,
//                       builds and enters the root
//              ◀──────  root_ready
//   (verifies that it is in its control groups)
//   start_job  ──────▶  enters Landlock, forks ───▶   drops privileges
//              ◀────────────────────────────────────  job_built
//   - - - so far nothing of the run is known: a sandbox may wait here for hours - - -
//   (sizes the scratch, writes the scripts)
//   finish     ──────▶  links the dataset, drops
//                       privileges
//              ◀──────  listening (with the listener, if the run asked for an address)
//              ◀──────  locked (only waits now)
//   order      ─────────────────────────────────────▶ limits itself
//              ◀────────────────────────────────────  job_waiting
//   (limits the control groups, traces the job)
//   run        ─────────────────────────────────────▶ looks for the program; system call
//                                                     policy, whose listener goes to the file
//                                                     recorder; exec
//              ◀────────────────────────────────────  not_started, if there was no exec
//
// finish and order are frames (wire.hpp), on a channel for each of the two; all answers come on
// the first one, where the kernel names who says them.
//
// Threads   Plain values.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "executor/channel.hpp"
#include "executor/landlock.hpp"
#include "executor/privileges.hpp"
#include "executor/request.hpp"
#include "executor/root_fs.hpp"
#include "executor/user_mapping.hpp"

namespace mayfly::executor {

enum class Word : std::uint8_t {
  build = 1,
  root_ready,
  start_job,
  job_built,
  listening,  // with the listener of SandboxSpec::loopback_port
  locked,
  job_waiting,
  run,
  not_started,  // and why, as text
  failed,       // and an error, as encode_failure writes it
};

// What every sandbox is made from, whatever will run in it; the same object in the supervisor and,
// copied by clone, in the two processes.
struct SandboxPlan {
  LandlockAbi landlock;
  UserMapping user;
  Scratch scratch;
  UniqueFd listener;    // the job's process sends its listener to the file recorder through it
  UniqueFd stdout_end;  // for writing
  UniqueFd stderr_end;
};

// The sandbox's ends.
struct SandboxChannels {
  Channel answers;  // of both; and what pid 1 is told
  Channel job;      // what the job's process is told
};

Result<void> say(const Channel& channel, Word word, ByteView rest = {});
// In pid 1 and the job: waits for this word; anything else, and the end of the channel, is an
// error.
Result<void> wait_for(const Channel& channel, Word word);

}  // namespace mayfly::executor
