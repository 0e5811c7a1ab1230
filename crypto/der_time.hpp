// The two forms of time in certificates and lists of revoked ones.
//
// Source    RFC 5280, 4.1.2.5: UTCTime (years 1950 to 2049) or GeneralizedTime, to the second, "Z".
// Errors    malformed: any other form, or no such date.
// Threads   Pure function.
#pragma once
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/der_reader.hpp"

namespace mayfly::crypto {

Result<UnixMillis> take_der_time(DerReader& reader);

}  // namespace mayfly::crypto
