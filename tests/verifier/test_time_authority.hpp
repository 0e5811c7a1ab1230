// A time-stamping authority of RFC 3161 for tests: libcrypto's, at any time one likes.
//
// Shapes    Everything but its tokens' ECDSA signatures is the same each time: fixed keys, and a
//           root that signs by Ed25519.
// Errors    Aborts: an authority that cannot stamp is a broken test.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "crypto/timestamp_token.hpp"

struct evp_pkey_st;  // NOLINT(readability-identifier-naming): of libcrypto
struct x509_st;      // NOLINT(readability-identifier-naming): of libcrypto

namespace mayfly::test {

class TestTimeAuthority {
 public:
  // Keys follow from the seed; its own certificate is good from 2020 until `expires`.
  TestTimeAuthority(const std::string& name, std::uint8_t seed, UnixMillis expires);

  // Over SHA-256 of the bytes, at this whole second.
  Bytes token(ByteView stamped, UnixMillis at) const;
  std::string root_pem() const;
  crypto::TimestampRoots roots() const;

 private:
  std::shared_ptr<evp_pkey_st> key_;
  std::shared_ptr<x509_st> root_;
  std::shared_ptr<x509_st> certificate_;
};

}  // namespace mayfly::test
