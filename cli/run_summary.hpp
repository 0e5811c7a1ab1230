// What `mayfly run` tells its caller when the run is over.
#pragma once
#include <string>

#include "base/result.hpp"
#include "pipeline/execute.hpp"

namespace mayfly::cli {

std::string run_summary_text(const pipeline::Certified& certified, const std::string& file);
std::string run_summary_json(const pipeline::Certified& certified, const std::string& file);
// A line for standard error, also of a quiet run; empty unless the result was cut.
std::string cut_warning(const pipeline::Certified& certified);
Result<void> write_trace(const std::string& path, const pipeline::Certified& certified);

}  // namespace mayfly::cli
