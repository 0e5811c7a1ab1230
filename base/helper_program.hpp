// Starts a program that belongs to this one, executed by what was opened (and hashed), not by what
// its name means now. It gets one socket and nothing else of ours.
//
// Errors    unavailable, internal: it cannot be started, by errno.
// Threads   Any. A helper that asks to die with its parent ends with the thread that started it.
#pragma once
#include <sys/types.h>

#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace mayfly {

// The numbers that a helper finds its two descriptors by. It closes the second one first of all.
inline constexpr int helper_socket = 3;
inline constexpr int helper_program = 4;

// A copy above every number that a helper's own descriptors get, so that placing those cannot close
// it.
Result<UniqueFd> move_up(const UniqueFd& fd);

// `program` is from move_up(). Beside the two descriptors it has our stderr (where a dying libc
// writes), no environment, default signals, and a process group of its own: Ctrl-C is for us.
Result<pid_t> start_helper(const char* name, const UniqueFd& program, const UniqueFd& socket);

// In the helper: whether whoever started it gave it its socket.
bool has_helper_socket();

// Waits for a child and says how it ended: "exited with 0", "killed by signal 9".
std::string wait_for_end(pid_t pid);

}  // namespace mayfly
