// Makes complete, valid certificates through the real encoder, an Ed25519 signature and the
// simulated attester, and lets a test change one thing at any step of the making.
//
// Shapes    Everything but ECDSA signatures, the quote's and the second one, is the same each time:
//           fixed keys, fixed times.
// Errors    Aborts with the encoder's message: a builder that cannot build is a broken test.
// Threads   One draft, one thread.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "attest/model/binding.hpp"
#include "base/bytes.hpp"
#include "base/time.hpp"
#include "certificate/model.hpp"
#include "crypto/locked_p256_key.hpp"

namespace mayfly::test {

// 2026-03-01T12:00:00Z: when the runs below happened, and a good time to appraise them.
inline constexpr UnixMillis run_began_at{1'772'366'400'000};
inline constexpr UnixMillis appraised_at{run_began_at.value + 60'000};

// A PII scan over a small CSV file: the `claim` and `run` of a real run, made by hand.
certificate::Statement valid_statement();
// Its dataset's bytes: SHA-256 of these is the claim's dataset_hash.
extern const std::string sample_dataset;

class TestSigner {
 public:
  explicit TestSigner(std::uint8_t seed);
  Bytes public_key() const { return {public_key_.begin(), public_key_.end()}; }
  certificate::Signature sign(ByteView statement_slice) const;

 private:
  std::array<std::uint8_t, 32> public_key_{};
  std::array<std::uint8_t, 64> secret_key_{};
};

Bytes simulated_quote(const attest::ReportData& report_data);

// What to build, and what to do differently. Each hook sees what the steps before it made.
struct Draft {
  Draft();

  certificate::Statement statement;  // valid_statement(), with signer's key
  TestSigner signer{1};
  crypto::Sha256 intent_leaf;  // bound by the quote; all zero: no log
  std::function<Bytes(const attest::ReportData&)> quote = simulated_quote;

  // Signs with it too, after Ed25519; null: one signature. Naming it is sign_twice()'s.
  std::shared_ptr<const crypto::LockedP256Key> p256;

  std::function<void(std::string& statement_text)> before_signing;  // same length, please
  std::function<void(attest::ReportData&)> before_quoting;
  std::function<void(certificate::Proof&)> before_encoding;
};

Bytes build(const Draft& draft);
// A P-256 key that is the same each time; its signatures are not.
std::shared_ptr<const crypto::LockedP256Key> fixed_p256_key(std::uint8_t seed);
// The draft's statement names the key, and the proof has its signature.
void sign_twice(Draft& draft);
certificate::Signature p256_signature(const crypto::LockedP256Key& key, ByteView statement_slice);
// The draft's statement as it is signed.
std::string statement_text(const Draft& draft);

// Replaces the first `from` by `to`; aborts when there is none, so that no test changes nothing.
void replace_once(std::string& text, const std::string& from, const std::string& to);
Bytes with_replaced(const Bytes& certificate, const std::string& from, const std::string& to);

}  // namespace mayfly::test
