// A make-believe hardware vendor: a root of its own, and TDX quotes under it with whatever content
// a test wants. A policy that trusts this root sees what real hardware would show.
//
// Errors    Aborts: a test machine that cannot make a P-256 key fails every test.
// Threads   One TestVendor, one thread.
#pragma once
#include <array>
#include <cstdint>

#include "attest/model/binding.hpp"
#include "attest/model/tdx_layout.hpp"
#include "attest/model/trust_anchor.hpp"
#include "base/bytes.hpp"
#include "base/time.hpp"
#include "crypto/ecdsa.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::test {

struct TestTd {
  std::uint64_t attributes = attest::tdx_layout::td_attribute_sept_ve_disable;
  std::uint64_t xfam = 0x602e7;
  crypto::Sha384 mr_td;
  std::array<crypto::Sha384, 4> rtmr;
};

class TestVendor {
 public:
  // Its chain is valid for a year around `now`.
  explicit TestVendor(UnixMillis now);

  // Borrowed from this object.
  attest::TrustAnchor anchor() const;
  Bytes quote(const attest::ReportData& report_data, const TestTd& td) const;

 private:
  crypto::P256PrivateKey attestation_key_;
  Bytes root_;
  Bytes certification_;  // what follows the attestation key
};

}  // namespace mayfly::test
