// What /proc says of one process, read whole and bounded.
//
// Source    proc(5).
// Errors    unavailable: the process is gone or hidden.  malformed: a field is missing.
// Threads   Pure, but for reading /proc.
#pragma once
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace mayfly::executor {

// At most `bytes_max`; what is longer is cut there.
Result<std::string> read_proc(pid_t pid, const char* name, std::size_t bytes_max);

// /proc/PID/status, whole.
inline constexpr std::size_t status_bytes_max = 8192;
// The value of a line "Name:\tvalue" of it, without the line's end.
std::optional<std::string_view> status_field(std::string_view text, std::string_view name);

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
