// Why a job did not end by itself, in words.
#pragma once
#include <optional>
#include <string>

#include "pipeline/execute.hpp"

namespace mayfly::cli {

// Absent for a job that ended by itself, well or not. One line, safe to print.
std::optional<std::string> outcome_reason(const pipeline::Certified& certified);

}  // namespace mayfly::cli
