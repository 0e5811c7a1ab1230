#include "crypto/asn1_time.hpp"

#include <openssl/asn1.h>
#include <openssl/err.h>

#include <ctime>

namespace mayfly::crypto {

Result<UnixMillis> unix_millis_of(const asn1_string_st* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_check(time) != 1 || ASN1_TIME_to_tm(time, &parts) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::malformed, "a time that is not in RFC 5280's form");
  }
  return UnixMillis{static_cast<std::int64_t>(::timegm(&parts)) * 1000};
}

}  // namespace mayfly::crypto
