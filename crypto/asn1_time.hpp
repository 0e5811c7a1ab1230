// libcrypto's times as ours. For the files of this folder that use its X.509 reader.
//
// Errors    malformed: not a time of RFC 5280's form.
// Threads   Pure function.
#pragma once
#include "base/result.hpp"
#include "base/time.hpp"

struct asn1_string_st;  // NOLINT(readability-identifier-naming): of libcrypto

namespace mayfly::crypto {

Result<UnixMillis> unix_millis_of(const asn1_string_st* time);

}  // namespace mayfly::crypto
