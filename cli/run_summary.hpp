// What `mayfly run` tells its caller when the run is over.
#pragma once
#include <string>

#include "pipeline/execute.hpp"

namespace mayfly::cli {

// `file`: where the certificate was written; empty: nowhere but the store.
std::string run_summary_text(const pipeline::Certified& certified, const std::string& file);
std::string run_summary_json(const pipeline::Certified& certified, const std::string& file);
// A line for standard error, also of a quiet run; empty unless the result was cut.
std::string cut_warning(const pipeline::Certified& certified);

}  // namespace mayfly::cli
