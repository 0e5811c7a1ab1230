// The parts that TCB info and QE identity spell alike: standings, and levels that are one number.
//
// Errors    malformed, rejected, limit: as parse_tcb_info().
// Threads   Pure functions.
#pragma once
#include <vector>

#include "attest/verify/collateral_json.hpp"
#include "attest/verify/tcb_info.hpp"

namespace mayfly::attest {

// "tcbStatus", "tcbDate" and, if there is one, "advisoryIDs".
Result<TcbStanding> read_standing(const JsonPart& level);

// "tcbLevels" of a module or enclave: strictly descending, and nothing but UpToDate, OutOfDate and
// Revoked, because only those say how they combine with a platform's standing.
Result<std::vector<IsvTcbLevel>> read_isv_levels(const JsonPart& identity);

}  // namespace mayfly::attest
