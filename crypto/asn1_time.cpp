#include "crypto/asn1_time.hpp"

#include <openssl/asn1.h>
#include <openssl/err.h>

#include <memory>

#include "crypto/der_time.hpp"

namespace mayfly::crypto {
namespace {

struct Free {
  void operator()(unsigned char* bytes) const { OPENSSL_free(bytes); }
};

}  // namespace

// libcrypto's own reading takes more forms than RFC 5280 has; there is one reader of times here.
Result<UnixMillis> unix_millis_of(const asn1_string_st* time) {
  unsigned char* written = nullptr;
  const int size = time == nullptr ? -1 : ::i2d_ASN1_TIME(time, &written);
  const std::unique_ptr<unsigned char, Free> owned(written);
  if (size <= 0) {
    ERR_clear_error();
    return fail(ErrorCode::malformed, "a time that is not in RFC 5280's form");
  }
  DerReader reader(ByteView(owned.get(), static_cast<std::size_t>(size)));
  TRY(const UnixMillis at, take_der_time(reader));
  CHECK_OK(reader.expect_end());
  return at;
}

}  // namespace mayfly::crypto
