#include "certificate/sign.hpp"

#include <gtest/gtest.h>

#include "certificate/dsse.hpp"

namespace mayfly::certificate {
namespace {

TEST(Signer, SignsThePreAuthenticationEncoding) {
  const auto signer = Signer::generate();
  ASSERT_TRUE(signer) << signer.error().message();
  const auto signature = signer->sign(bytes_of("{}"));
  ASSERT_TRUE(signature);
  EXPECT_EQ(signature->algorithm, "ed25519");
  EXPECT_TRUE(std::ranges::equal(signature->public_key, signer->public_key()));
  const Bytes pae = dsse_pae(in_toto_payload_type, bytes_of("{}"));
  EXPECT_TRUE(crypto::verify_ed25519(signer->public_key(), pae, signature->signature));
  EXPECT_FALSE(crypto::verify_ed25519(signer->public_key(), bytes_of("{}"), signature->signature))
      << "the bare payload must not verify";
}

TEST(Signer, EachOneHasItsOwnKey) {
  const auto a = Signer::generate();
  const auto b = Signer::generate();
  ASSERT_TRUE(a && b);
  EXPECT_FALSE(std::ranges::equal(a->public_key(), b->public_key()));
  EXPECT_FALSE(crypto::verify_ed25519(a->public_key(),
                                      dsse_pae(in_toto_payload_type, bytes_of("{}")),
                                      b->sign(bytes_of("{}"))->signature));
}

}  // namespace
}  // namespace mayfly::certificate
