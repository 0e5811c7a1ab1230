// Goal: no changed byte and no lost byte of a certificate goes unnoticed.
// Method: every byte, with three changes each; every length.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "tests/verifier/logged_draft.hpp"
#include "tests/verifier/test_vendor.hpp"
#include "verifier/verify.hpp"

namespace mayfly::verifier {
namespace {

Verdict judge(ByteView certificate, const Policy& policy) {
  return verify(certificate, policy, test::appraised_at, {}).verdict();
}

// One bit that keeps letters letters, one that makes digits other digits, and all bits.
constexpr std::array<std::uint8_t, 3> flips{0x20, 0x01, 0xff};

// Sanitizers make a verification some twenty times slower; there, every 16th byte.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t stride_bytes = 16;
#else
constexpr std::size_t stride_bytes = 1;
#endif

void expect_every_flip_is_noticed(const Bytes& certificate, const Policy& policy) {
  Bytes changed = certificate;
  for (std::size_t i = 0; i < certificate.size(); i += stride_bytes) {
    for (const std::uint8_t flip : flips) {
      changed[i] = certificate[i] ^ flip;
      const Verdict verdict = judge(changed, policy);
      ASSERT_TRUE(verdict == Verdict::contradicted || verdict == Verdict::malformed ||
                  verdict == Verdict::inconclusive)
          << "byte " << i << " ^ " << int{flip} << ": " << to_string(verdict);
    }
    changed[i] = certificate[i];
  }
}

TEST(ChangedCertificate, IsNeverConsistentWhicheverByteChanged) {
  const Bytes certificate = build(test::Draft{});
  ASSERT_EQ(judge(certificate, default_policy()), Verdict::unattested);
  expect_every_flip_is_noticed(certificate, default_policy());
}

// Its proofs are outside the signature.
TEST(ChangedCertificate, ThatIsLoggedIsNeverConsistentEither) {
  const Bytes certificate = build(test::logged_draft());
  ASSERT_EQ(judge(certificate, default_policy()), Verdict::unattested);
  expect_every_flip_is_noticed(certificate, default_policy());
}

TEST(ChangedCertificate, IsNeverVerifiedWhicheverByteChanged) {
  const test::TestVendor vendor(test::run_began_at);
  test::Draft draft;
  draft.statement.run.tee = "tdx";
  draft.quote = [&vendor](const attest::ReportData& data) { return vendor.quote(data, {}); };
  Policy policy = genuine_policy();
  policy.collateral = Any{"a test has no vendor's collateral"};
  policy.tdx.anchors = {vendor.anchor()};
  const Bytes certificate = build(draft);
  ASSERT_EQ(judge(certificate, policy), Verdict::verified);
  expect_every_flip_is_noticed(certificate, policy);
}

TEST(TruncatedCertificate, IsMalformedAtEveryLength) {
  const Bytes certificate = build(test::Draft{});
  for (std::size_t length = 0; length < certificate.size(); ++length) {
    ASSERT_EQ(judge(ByteView(certificate).first(length), default_policy()), Verdict::malformed)
        << length << " bytes";
  }
}

TEST(ExtendedCertificate, IsMalformedWhateverByteFollows) {
  Bytes certificate = build(test::Draft{});
  certificate.push_back(0);
  for (int byte = 0; byte < 256; ++byte) {
    certificate.back() = static_cast<std::uint8_t>(byte);
    ASSERT_EQ(judge(certificate, default_policy()), Verdict::malformed) << byte;
  }
}

}  // namespace
}  // namespace mayfly::verifier
