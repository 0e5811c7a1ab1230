// What /proc says of one process, read whole and bounded.
//
// Source    proc(5).
// Errors    unavailable: the process is gone or hidden.  malformed: a field is missing.
// Threads   Pure, but for reading /proc.
#pragma once
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace mayfly::executor {

// At most `bytes_max`; what is longer is cut there.
Result<std::string> read_proc(pid_t pid, const char* name, std::size_t bytes_max);

// /proc/PID/status.
struct ProcessStatus {
  pid_t parent = 0;  // in our pid namespace
  pid_t inner = 0;   // the process itself, in its own pid namespace
  std::array<std::uint32_t, 4> uids{};
  std::array<std::uint32_t, 4> gids{};
  std::uint64_t capabilities = 0;  // of all five sets together
  int no_new_privileges = 0;
  int seccomp_mode = 0;
};
Result<ProcessStatus> read_status(pid_t pid);
Result<ProcessStatus> parse_status(std::string_view text);

}  // namespace mayfly::executor
