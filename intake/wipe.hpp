// Looks whether anything of an erased memory file is left in this process: kernel truth, read from
// /proc, not our own bookkeeping.
//
// Errors    None: what cannot be looked at counts as residue.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "intake/memory_file.hpp"

namespace mayfly::intake {

struct WipeReport {
  std::string method;                // "zero+truncate+close" or "zero+close"
  std::uint64_t bytes = 0;           // zeroed
  std::vector<std::string> scanned;  // what was looked at afterwards
  std::uint64_t residue = 0;         // non-zero bytes, mappings or descriptors left; 0 when clean
};

// Sums up the erasures and looks for their inodes in /proc/self/maps and /proc/self/fd.
WipeReport look_after(const std::vector<Erasure>& erasures);

}  // namespace mayfly::intake
