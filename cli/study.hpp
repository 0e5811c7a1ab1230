// A study by its id, for `mayfly study` and `mayfly run --study`.
#pragma once
#include <string>

#include "crypto/sha2.hpp"
#include "store/log.hpp"

namespace mayfly::cli {

// malformed: this machine's log has no such study.
Result<crypto::Sha256> study_leaf(store::Log& log, const std::string& study_id);

}  // namespace mayfly::cli
