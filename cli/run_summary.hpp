// What `mayfly run` tells its caller when the run is over.
#pragma once
#include <string>

#include "pipeline/execute.hpp"

namespace mayfly::cli {

// `file`: where the certificate was written; empty: nowhere but the store.
std::string run_summary_text(const pipeline::Certified& certified, const std::string& file);
std::string run_summary_json(const pipeline::Certified& certified, const std::string& file);

}  // namespace mayfly::cli
