// What a runner is asked to do, and the bounds that a request must keep.
//
// Errors    malformed: a spec that cannot be run.  limit: over a bound below; the message names it.
// Threads   Plain values.
#pragma once
#include <cstdint>
#include <string>
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

// Below and above which a limit is not a sensible one.
inline constexpr std::int64_t limit_ms_max = std::int64_t{7} * 24 * 3600 * 1000;
inline constexpr std::int64_t limit_memory_bytes_min = std::int64_t{1024} * 1024;
inline constexpr std::int64_t limit_bytes_max = std::int64_t{1} << 44;  // 16 TiB
inline constexpr std::int64_t limit_pids_max = 1 << 20;
inline constexpr std::int64_t limit_open_files_min = 4;
inline constexpr std::int64_t limit_open_files_max = 1 << 20;
inline constexpr std::int64_t limit_inodes_max = 1 << 30;
inline constexpr std::int64_t limit_output_bytes_max = std::int64_t{1} << 30;

struct RunRequest {
  SandboxSpec spec;
  std::vector<std::string> dataset_names;  // one per dataset descriptor, in the same order
};

Result<void> check_request(const RunRequest& request);

// A relative path that stays below where it is put: parts between '/', none empty, "." or "..".
Result<void> check_file_name(const std::string& name, std::string_view what);

}  // namespace mayfly::executor
