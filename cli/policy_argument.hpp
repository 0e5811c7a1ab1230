// The policy that a command line names: a document, or one that is built in.
//
// Shapes    "default" (nothing is known, so every environment is refused), "genuine-only" (is the
//           evidence genuine? says nothing about what runs), else a file.
// Errors    unavailable: no such file.  malformed, limit: as verifier::parse_policy.
// Threads   Any.
#pragma once
#include <string>

#include "base/result.hpp"
#include "verifier/policy.hpp"

namespace mayfly::cli {

Result<verifier::Policy> policy_argument(const std::string& name_or_path);

}  // namespace mayfly::cli
