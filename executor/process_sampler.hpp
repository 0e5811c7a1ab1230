// What a job's processes use together, asked of /proc: for machines where no control group counts.
//
// Source    proc(5): stat (fields 14-17), statm, smaps_rollup.
// Errors    None: a process that is gone uses nothing, and is dropped from `live`.
// Threads   Pure, but for reading /proc.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <set>

namespace mayfly::executor {

// Of `live`, of what they have waited for, and of what pid 1 has reaped.
std::int64_t cpu_us_of(std::set<pid_t>& live, pid_t init);

// Shared pages counted once for each that maps them: an upper bound, cheap.
std::int64_t resident_bytes_of(const std::set<pid_t>& live);
// Shared pages split among those that map them: exact, walks every page table.
std::int64_t proportional_bytes_of(const std::set<pid_t>& live);

}  // namespace mayfly::executor
