// A make-believe Intel: a root, the CAs below it, platforms, and signed lists about them, every
// part of which a test may change first. What it makes with nothing changed is accepted under
// policy(); so a refusal is due to the change. For what no real vector covers.
//
// Errors    Aborts: a test machine that cannot make a P-256 key fails every test.
// Threads   One TestIntel, one thread. Not moved: its drafts point into it.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "attest/verify/tdx_verify.hpp"
#include "crypto/ecdsa.hpp"
#include "crypto/x509_builder.hpp"
#include "tests/crypto/crl_builder.hpp"

namespace mayfly::attest {

inline constexpr UnixMillis intel_now{1772366400000};  // 2026-03-01T12:00:00Z
inline constexpr std::int64_t intel_day_ms = std::int64_t{24} * 60 * 60 * 1000;

struct TestLevel {
  unsigned svn = 5;  // of every component; a module or enclave: its ISVSVN
  std::string status = "UpToDate";
  std::string date = "2026-01-01T00:00:00Z";
  std::vector<std::string> advisories;
};

struct TestIntel {
  TestIntel();
  TestIntel(const TestIntel&) = delete;
  TestIntel& operator=(const TestIntel&) = delete;

  Bytes quote() const;
  TdxCollateral collateral() const;
  TdxPolicy policy() const;  // this root; any measurement
  TdxAppraisal appraise() const;
  TdxAppraisal appraise(const TdxPolicy& policy, UnixMillis at) const;

  std::string tcb_info_body() const;
  std::string qe_identity_body() const;
  // {"<name>":<body>,"signature":"..."}
  Bytes sign_list(std::string_view name, const std::string& body) const;

  crypto::P256PrivateKey root_key = *crypto::P256PrivateKey::generate();
  crypto::P256PrivateKey ca_key = *crypto::P256PrivateKey::generate();
  crypto::P256PrivateKey pck_key = *crypto::P256PrivateKey::generate();
  crypto::P256PrivateKey signing_key = *crypto::P256PrivateKey::generate();
  crypto::P256PrivateKey attestation_key = *crypto::P256PrivateKey::generate();
  Bytes ca_serial{0x11};
  Bytes pck_serial{0x22, 0x33};
  Bytes signing_serial{0x44};
  PckExtension platform;
  crypto::CertificateDraft ca;
  crypto::CertificateDraft pck;
  crypto::CertificateDraft signing;
  Bytes root;
  test::CrlDraft root_crl;
  test::CrlDraft pck_crl;

  // The quote: version 5 with a TD 1.5 body, or version 4.
  std::uint16_t version = 5;
  Bytes body = Bytes(648);  // the first 584 bytes only, in version 4
  std::uint16_t qe_isv_svn = 4;
  std::uint8_t qe_attributes = 0x11;

  // The lists.
  std::string fmspc = "00806F050000";
  std::string issue_date = "2026-02-20T00:00:00Z";
  std::string next_update = "2026-03-22T00:00:00Z";
  unsigned tcb_evaluation_number = 18;
  unsigned qe_evaluation_number = 18;
  std::vector<TestLevel> platform_levels{TestLevel{}};
  std::vector<TestLevel> module_levels{TestLevel{}};
  std::vector<TestLevel> qe_levels{TestLevel{.svn = 4, .advisories = {}}};
  std::function<void(std::string&)> edit_tcb_info;  // of the body, before it is signed
};

// Offsets in TestIntel::body.
inline constexpr std::size_t svn_offset = 0;
inline constexpr std::size_t seam_attributes_offset = 112;
inline constexpr std::size_t td_attributes_body_offset = 120;
inline constexpr std::size_t svn_2_offset = 584;
inline constexpr std::size_t service_td_offset = 600;

}  // namespace mayfly::attest
