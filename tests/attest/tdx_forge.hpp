// Makes whole, correctly signed TDX quotes under the simulated root, every part of which a test may
// change first. What it makes with nothing changed is accepted; so a refusal is due to the change.
#pragma once
#include <array>
#include <span>
#include <string>
#include <vector>

#include "attest/model/simulated_root.hpp"
#include "attest/verify/tdx_verify.hpp"
#include "base/bytes.hpp"
#include "crypto/ecdsa.hpp"
#include "crypto/x509_builder.hpp"

namespace mayfly::attest {

inline constexpr UnixMillis forge_now{1772366400000};  // 2026-03-01T12:00:00Z

struct TdxForge {
  TdxForge();

  // Writes `value` at `offset` of the header and body, before they are signed.
  void patch(std::size_t offset, ByteView value);
  void patch_u64(std::size_t offset, std::uint64_t value);

  Bytes root_der() const;
  std::string chain_pem() const;  // from the drafts
  Bytes quote() const;

  crypto::P256PrivateKey root_key;
  crypto::P256PrivateKey authority_key;
  crypto::P256PrivateKey pck_key;
  crypto::P256PrivateKey attestation_key;
  std::array<std::uint8_t, 2> serial{1, 2};
  Bytes platform_extension;  // in the leaf
  crypto::CertificateDraft authority;
  crypto::CertificateDraft leaf;
  Bytes root = root_der();
  Bytes header_and_body;
  Bytes authentication = Bytes(32, 0x41);
  Bytes qe_report_data_tail = Bytes(32, 0);
  // Replaces the chain if not empty.
  std::string chain_override;
  Bytes trailing;
};

// Absolute offsets in a version 4 quote.
inline constexpr std::size_t td_attributes_offset = 48 + 120;
inline constexpr std::size_t xfam_offset = 48 + 128;
inline constexpr std::size_t mr_td_offset = 184;
inline constexpr std::size_t report_data_offset = 568;
inline constexpr std::size_t signature_length_offset = 632;

// Appraised without collateral; nothing is asked about what the TD is.
TdxAppraisal appraise_tdx(ByteView quote, std::span<const TrustAnchor> anchors, UnixMillis at);

// Appraised at forge_now under the simulated root alone.
TdxAppraisal appraise_simulated(ByteView quote);

// The names of the checks that failed, in order.
std::vector<std::string> failed_checks(const TdxAppraisal& appraisal);

}  // namespace mayfly::attest
