// A run that has ended, as numbers.
//
// Threads   As Metrics.
#pragma once
#include "api/metrics.hpp"
#include "base/result.hpp"
#include "pipeline/execute.hpp"

namespace mayfly::api {

void count_run(const pipeline::Certified& certified, Metrics& metrics);
// A run that left no certificate because one of our own steps failed.
void count_failure(const Error& error, Metrics& metrics);

}  // namespace mayfly::api
