// "--limits wall=30s,memory=512m,pids=64" -> executor::Limits; "--dataset-max 2g" -> bytes.
//
// Errors    malformed: an unknown name (lists the known ones), a missing '=', a name given twice;
//           limit: too large.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "executor/sandbox.hpp"

namespace mayfly::cli {

// Returns the names that were given.
Result<std::vector<std::string_view>> apply_limits(std::string_view text, executor::Limits& limits);
inline constexpr std::string_view limits_help =
    "wall=300s,cpu=300s,memory=512m,pids=128,files=1024,disk=100m,inodes=16384,output=1m";

// --dataset-max SIZE; empty: what this machine's memory allows, pipeline/dataset_bound.hpp.
Result<std::uint64_t> dataset_bytes_max(std::string_view size);
inline constexpr std::string_view dataset_max_help =
    "refuse a larger dataset; by default 8g, or 3/4 of the available memory if that is less";

}  // namespace mayfly::cli
