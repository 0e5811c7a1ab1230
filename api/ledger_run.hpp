// Runs of which only the ledger knows: accepted by an earlier process, or too long ago.
//
// Errors    Of settle_unfinished(): those of the two stores.
// Threads   settle_unfinished() before the first request; the rest is pure.
#pragma once
#include <string>

#include "base/result.hpp"
#include "store/run_ledger.hpp"
#include "store/store.hpp"

namespace mayfly::api {

// As run_json(), without the reply, which was in memory alone.
std::string ledger_run_json(const store::RunRow& run);

// Runs that an earlier process accepted and did not end: finished, if their certificate was stored;
// dropped, and their keys free again, if not.
Result<void> settle_unfinished(const store::RunLedger& ledger, const store::Store& store,
                               UnixMillis now);

}  // namespace mayfly::api
