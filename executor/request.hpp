// What a runner is asked to do, and the bounds that a request must keep.
//
// Errors    malformed: a spec that cannot be run.  limit: over a bound below; the message names it.
// Threads   Plain values. check_hard_limits() asks the kernel about this process.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "executor/sandbox.hpp"

namespace mayfly::executor {

inline constexpr std::size_t arguments_max = 4096;                 // strings in argv
inline constexpr std::size_t argument_bytes_max = 128 * 1024;      // one string; the kernel's own
inline constexpr std::size_t environment_max = 1024;               // variables
inline constexpr std::size_t scripts_max = 4096;                   // files
inline constexpr std::size_t script_bytes_max = 32 * 1024 * 1024;  // all scripts together
inline constexpr std::size_t tools_max = 256;
inline constexpr std::size_t dataset_files_max = 4096;
inline constexpr std::size_t file_name_bytes_max = 1024;  // a path below /work or /data
inline constexpr std::size_t name_part_bytes_max = 255;   // one part of it: the kernel's NAME_MAX
inline constexpr std::size_t request_bytes_max = std::size_t{64} * 1024 * 1024;

// Below and above which a limit is not a sensible one. The only table: the pipeline, the service
// and the command line ask this one.
inline constexpr std::int64_t limit_wall_ms_max = std::int64_t{24} * 3600 * 1000;
inline constexpr std::int64_t limit_cpu_ms_max = std::int64_t{7} * 24 * 3600 * 1000;
inline constexpr std::int64_t limit_memory_bytes_min = std::int64_t{4} * 1024 * 1024;
inline constexpr std::int64_t limit_bytes_max = std::int64_t{1} << 40;  // 1 TiB: memory, disk
inline constexpr std::int64_t limit_pids_max = 1 << 15;
inline constexpr std::int64_t limit_open_files_min = 8;
inline constexpr std::int64_t limit_open_files_max = 1 << 20;
inline constexpr std::int64_t limit_inodes_max = 1 << 24;
inline constexpr std::int64_t limit_output_bytes_max = std::int64_t{64} * 1024 * 1024;

struct LimitBound {
  std::string_view name;  // as the certificate calls it
  std::int64_t Limits::* limit;
  std::int64_t least;
  std::int64_t most;
};
inline constexpr std::array limit_bounds = {
    LimitBound{"wall_ms", &Limits::wall_ms, 1, limit_wall_ms_max},
    LimitBound{"cpu_ms", &Limits::cpu_ms, 1, limit_cpu_ms_max},
    LimitBound{"memory_bytes", &Limits::memory_bytes, limit_memory_bytes_min, limit_bytes_max},
    LimitBound{"pids", &Limits::pids, 1, limit_pids_max},
    LimitBound{"open_files", &Limits::open_files, limit_open_files_min, limit_open_files_max},
    LimitBound{"disk_bytes", &Limits::disk_bytes, 0, limit_bytes_max},
    LimitBound{"disk_inodes", &Limits::disk_inodes, 0, limit_inodes_max},
    LimitBound{"output_bytes", &Limits::output_bytes, 0, limit_output_bytes_max},
};

struct RunRequest {
  SandboxSpec spec;
  std::vector<std::string> dataset_names;  // one per dataset descriptor, in the same order
};

Result<void> check_request(const RunRequest& request);
Result<void> check_limits(const Limits& limits);

// Whether this process may give a job what `limits` say: a hard resource limit of its own that is
// lower would be what is in force, and the certificate would name another. limit: it may not.
Result<void> check_hard_limits(const Limits& limits);

// A relative path that stays below where it is put: parts between '/', none empty, "." or "..".
Result<void> check_file_name(const std::string& name, std::string_view what);

}  // namespace mayfly::executor
