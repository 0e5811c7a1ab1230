// Takes a log's checkpoint to the witnesses of a policy until its quorum is met.
//
// Source    C2SP tlog-witness.
// Errors    rejected: too few cosigned; the message says what each of them answered.
// Threads   Safe from any thread over one log.
#pragma once
#include <vector>

#include "base/result.hpp"
#include "store/log.hpp"
#include "transparency/log_policy.hpp"

namespace mayfly::api {

// Every witness with a URL is asked; their verified cosignatures come back.
Result<std::vector<transparency::NoteSignature>> ask_witnesses(
    const transparency::LogPolicy& policy, const transparency::SignedCheckpoint& checkpoint,
    store::Log& log);

}  // namespace mayfly::api
