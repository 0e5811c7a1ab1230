#include "attest/model/binding.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "base/text_encoding.hpp"

namespace mayfly::attest {
namespace {

constexpr std::string_view statement = R"({"statement":1})";

Bytes signer_key() {
  Bytes key(signer_key_bytes);
  std::iota(key.begin(), key.end(), std::uint8_t{0});
  return key;
}

crypto::Sha256 leaf_of(std::uint8_t byte) {
  crypto::Sha256 leaf;
  leaf.bytes.fill(byte);
  return leaf;
}

// Computed with another implementation (Python's hashlib) from the rule in the header.
TEST(BindCertificate, MatchesAnIndependentComputation) {
  const auto bound =
      bind_certificate(bytes_of(statement), signer_key(), leaf_of(0x55), bytes_of("nonce"));
  ASSERT_TRUE(bound);
  EXPECT_EQ(hex_encode(*bound),
            "ca200c7e5c4038380b867dedc01f6854b8fe3c6cff66763c00f961181ee798d7"
            "ea0df4273e4aa71030e0adcd083e7b1a6c0de27bd0e08b940cc126b5fe26f63d");
}

TEST(BindCertificate, ChangesWithEveryInput) {
  Bytes other_key = signer_key();
  other_key[31] ^= 1;
  std::set<ReportData> seen;
  seen.insert(*bind_certificate(bytes_of(statement), signer_key(), leaf_of(0), {}));
  seen.insert(*bind_certificate(bytes_of("{}"), signer_key(), leaf_of(0), {}));
  seen.insert(*bind_certificate(bytes_of(statement), other_key, leaf_of(0), {}));
  seen.insert(*bind_certificate(bytes_of(statement), signer_key(), leaf_of(1), {}));
  seen.insert(*bind_certificate(bytes_of(statement), signer_key(), leaf_of(0), Bytes{0}));
  seen.insert(*bind_certificate(bytes_of(statement), signer_key(), leaf_of(0), Bytes{0, 0}));
  EXPECT_EQ(seen.size(), 6U);
}

TEST(BindCertificate, TakesANonceUpToItsBound) {
  EXPECT_TRUE(
      bind_certificate(bytes_of(statement), signer_key(), leaf_of(0), Bytes(nonce_bytes_max)));
  const auto past =
      bind_certificate(bytes_of(statement), signer_key(), leaf_of(0), Bytes(nonce_bytes_max + 1));
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().code(), ErrorCode::limit);
}

TEST(BindCertificate, RefusesASignerKeyOfAnotherSize) {
  for (const std::size_t size : {0U, 31U, 33U}) {
    const auto bound = bind_certificate(bytes_of(statement), Bytes(size), leaf_of(0), {});
    ASSERT_FALSE(bound);
    EXPECT_EQ(bound.error().code(), ErrorCode::malformed);
  }
}

}  // namespace
}  // namespace mayfly::attest
