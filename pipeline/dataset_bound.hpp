// How large a dataset may be when nobody says: it lies in memory, beside all that the job does.
//
// Source    proc_meminfo(5), MemAvailable.
// Errors    unavailable: this machine does not say how much memory is left.
// Threads   dataset_bytes_that_fit() is pure, default_dataset_bytes_max() reads /proc.
#pragma once
#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace mayfly::pipeline {

inline constexpr std::uint64_t dataset_bytes_default_max = std::uint64_t{8} << 30;

// Three quarters of MemAvailable, and at most the bound above: the rest is for the job and for
// whatever else runs.
Result<std::uint64_t> dataset_bytes_that_fit(std::string_view meminfo);
Result<std::uint64_t> default_dataset_bytes_max();
// MemAvailable, in bytes.
Result<std::uint64_t> available_memory_bytes();

}  // namespace mayfly::pipeline
