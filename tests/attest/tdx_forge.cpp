#include "tests/attest/tdx_forge.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "attest/model/tdx_layout.hpp"
#include "crypto/pem.hpp"
#include "crypto/sha2.hpp"
#include "tests/attest/pck_extension_draft.hpp"

namespace mayfly::attest {
namespace {

void put(Bytes& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void put_u16(Bytes& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value));
  out.push_back(static_cast<std::uint8_t>(value >> 8U));
}

void put_u32(Bytes& out, std::size_t value) {
  put_u16(out, value);
  put_u16(out, value >> 16U);
}

Bytes plain_header_and_body() {
  Bytes out;
  put_u16(out, 4);
  put_u16(out, 2);
  put_u32(out, 0x81);
  put_u32(out, 0);
  put(out, tdx_layout::intel_qe_vendor_id);
  out.resize(tdx_layout::header_bytes + tdx_layout::body_bytes, 0);
  return out;
}

}  // namespace

TdxForge::TdxForge()
    : root_key(*simulated_root_key()),
      authority_key(*crypto::P256PrivateKey::generate()),
      pck_key(*crypto::P256PrivateKey::generate()),
      attestation_key(*crypto::P256PrivateKey::generate()),
      platform_extension(pck_extension_der(plain_platform())),
      authority{.serial = serial,
                .issuer_common_name = simulated_root_name,
                .subject_common_name = simulated_pck_ca_name,
                .not_before = {forge_now.value - 1000},
                .not_after = {forge_now.value + 1000},
                .role = crypto::CertificateRole::certificate_authority,
                .path_length_max = {},
                .key_usage = {},
                .public_key = authority_key.public_key(),
                .extra_extension = {}},
      leaf{.serial = serial,
           .issuer_common_name = simulated_pck_ca_name,
           .subject_common_name = simulated_pck_name,
           .not_before = {forge_now.value - 1000},
           .not_after = {forge_now.value + 1000},
           .role = crypto::CertificateRole::end_entity,
           .path_length_max = {},
           .key_usage = {},
           .public_key = pck_key.public_key(),
           .extra_extension = {{.identifier = tdx_layout::pck_extension_identifier,
                                .value = platform_extension}}},
      header_and_body(plain_header_and_body()) {
  patch_u64(td_attributes_offset, tdx_layout::td_attribute_sept_ve_disable);
  patch_u64(xfam_offset, 0xe7);
}

void TdxForge::patch(std::size_t offset, ByteView value) {
  std::ranges::copy(value, header_and_body.begin() + static_cast<std::ptrdiff_t>(offset));
}

void TdxForge::patch_u64(std::size_t offset, std::uint64_t value) {
  for (std::size_t i = 0; i < 8; ++i) {
    header_and_body.at(offset + i) = static_cast<std::uint8_t>(value >> (8 * i));
  }
}

Bytes TdxForge::root_der() const {
  const ByteView der = simulated_anchor().root_certificate;
  return {der.begin(), der.end()};
}

std::string TdxForge::chain_pem() const {
  return crypto::pem_certificate(*crypto::issue_certificate(leaf, authority_key)) +
         crypto::pem_certificate(*crypto::issue_certificate(authority, root_key)) +
         crypto::pem_certificate(root);
}

Bytes TdxForge::quote() const {
  Bytes vouched(attestation_key.public_key().begin(), attestation_key.public_key().end());
  put(vouched, authentication);
  Bytes qe_report(320, 0);
  put(qe_report, crypto::sha256(vouched).bytes);
  put(qe_report, qe_report_data_tail);

  Bytes inner = qe_report;
  put(inner, *pck_key.sign(qe_report));
  put_u16(inner, authentication.size());
  put(inner, authentication);
  const std::string chain = chain_override.empty() ? chain_pem() : chain_override;
  put_u16(inner, 5);
  put_u32(inner, chain.size());
  put(inner, bytes_of(chain));

  Bytes signature_data;
  put(signature_data, *attestation_key.sign(header_and_body));
  put(signature_data, attestation_key.public_key());
  put_u16(signature_data, 6);
  put_u32(signature_data, inner.size());
  put(signature_data, inner);

  Bytes out = header_and_body;
  put_u32(out, signature_data.size());
  put(out, signature_data);
  put(out, trailing);
  return out;
}

TdxAppraisal appraise_tdx(ByteView quote, std::span<const TrustAnchor> anchors, UnixMillis at) {
  TdxPolicy policy = genuine_tdx_policy();
  policy.anchors = {anchors.begin(), anchors.end()};
  policy.attributes = {.protection_keys = true, .key_locker = true, .performance_monitoring = true};
  return verify_tdx(quote, {}, policy, at);
}

TdxAppraisal appraise_simulated(ByteView quote) {
  const TrustAnchor anchor = simulated_anchor();
  return appraise_tdx(quote, std::span(&anchor, 1), forge_now);
}

std::vector<std::string> failed_checks(const TdxAppraisal& appraisal) {
  std::vector<std::string> names;
  for (const TdxFinding& finding : appraisal.findings) {
    if (finding.outcome == CheckOutcome::fail) {
      names.emplace_back(to_string(finding.check));
    }
  }
  return names;
}

}  // namespace mayfly::attest
