// The name of a TLS peer is the hash of its public key, whatever else its certificate says.
#include "crypto/tls_key.hpp"

#include <gtest/gtest.h>

#include "base/file_io.hpp"
#include "crypto/pem.hpp"

namespace mayfly::crypto {
namespace {

Bytes root_certificate() {
  return read_file(MAYFLY_VECTORS "/attest/tdx/certs/intel_sgx_root_ca.der", 1 << 16).value();
}

// The expected value: openssl x509 -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum
TEST(TlsKey, IsTheHashOfThePublicKeyAlone) {
  const auto key = tls_key_of_certificate(root_certificate());
  ASSERT_TRUE(key);
  EXPECT_EQ(to_text(*key),
            "sha256:a0af031289f5d5d4132f9186068a7fc13628633ba235777472e29b6b6c67a49e");
  EXPECT_EQ(tls_key_of_pem(bytes_of(pem_certificate(root_certificate()))).value(), *key);
}

TEST(TlsKey, RefusesEveryTruncation) {
  const Bytes der = root_certificate();
  for (std::size_t length = 0; length < der.size(); ++length) {
    EXPECT_FALSE(tls_key_of_certificate(ByteView(der).first(length))) << length;
  }
}

}  // namespace
}  // namespace mayfly::crypto
