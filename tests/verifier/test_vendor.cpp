#include "tests/verifier/test_vendor.hpp"

#include <cstdlib>
#include <string>

#include "crypto/der_writer.hpp"
#include "crypto/pem.hpp"
#include "crypto/x509_builder.hpp"
#include "tests/attest/pck_extension_draft.hpp"

namespace mayfly::test {
namespace {

namespace layout = attest::tdx_layout;
constexpr std::int64_t half_year_ms = std::int64_t{182} * 24 * 60 * 60 * 1000;

// The names that the chain rules ask of a hardware chain; the keys are this test's own.
constexpr std::string_view root_name = "Intel SGX Root CA";
constexpr std::string_view authority_name = "Intel SGX PCK Platform CA";
constexpr std::string_view leaf_name = "Intel SGX PCK Certificate";

template <class T>
T must_vend(Result<T> result) {
  if (!result) {
    std::abort();
  }
  return *std::move(result);
}

void put(Bytes& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void put_le(Bytes& out, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) {
    out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
}

void put_zeros(Bytes& out, std::size_t count) {
  out.resize(out.size() + count);
}

struct Link {
  std::string_view issuer;
  std::string_view subject;
  crypto::CertificateRole role = crypto::CertificateRole::certificate_authority;
};

Bytes issue(const Link& link, const crypto::P256PrivateKey& subject_key,
            const crypto::P256PrivateKey& issuer_key, UnixMillis now) {
  constexpr std::array<std::uint8_t, 1> serial{7};
  crypto::CertificateDraft draft;
  draft.serial = serial;
  draft.issuer_common_name = link.issuer;
  draft.subject_common_name = link.subject;
  draft.not_before = {now.value - half_year_ms};
  draft.not_after = {now.value + half_year_ms};
  draft.role = link.role;
  draft.public_key = subject_key.public_key();
  const Bytes platform = attest::pck_extension_der(attest::plain_platform());
  if (link.role == crypto::CertificateRole::end_entity) {
    draft.extra_extension = {.identifier = layout::pck_extension_identifier, .value = platform};
  }
  return must_vend(crypto::issue_certificate(draft, issuer_key));
}

Bytes qe_report(const crypto::P256PrivateKey& attestation_key) {
  Bytes report(320);  // all but REPORTDATA
  put(report, crypto::sha256(attestation_key.public_key()).bytes);
  put_zeros(report, 32);
  return report;
}

}  // namespace

TestVendor::TestVendor(UnixMillis now)
    : attestation_key_(must_vend(crypto::P256PrivateKey::generate())) {
  const auto root_key = must_vend(crypto::P256PrivateKey::generate());
  const auto authority_key = must_vend(crypto::P256PrivateKey::generate());
  const auto leaf_key = must_vend(crypto::P256PrivateKey::generate());
  root_ = issue({root_name, root_name}, root_key, root_key, now);
  const Bytes authority = issue({root_name, authority_name}, authority_key, root_key, now);
  const Bytes leaf = issue({authority_name, leaf_name, crypto::CertificateRole::end_entity},
                           leaf_key, authority_key, now);
  const std::string chain = crypto::pem_certificate(leaf) + crypto::pem_certificate(authority) +
                            crypto::pem_certificate(root_);

  Bytes inner = qe_report(attestation_key_);
  put(inner, must_vend(leaf_key.sign(inner)));
  put_le(inner, 0, 2);  // no QE authentication data
  put_le(inner, layout::certification_pck_chain, 2);
  put_le(inner, chain.size(), 4);
  put(inner, bytes_of(chain));
  put_le(certification_, layout::certification_qe_report, 2);
  put_le(certification_, inner.size(), 4);
  put(certification_, inner);
}

attest::TrustAnchor TestVendor::anchor() const {
  return {.name = "a root of this test",
          .root_certificate = root_,
          .kind = attest::AnchorKind::hardware};
}

Bytes TestVendor::quote(const attest::ReportData& report_data, const TestTd& td) const {
  Bytes out;
  put_le(out, layout::version_4, 2);
  put_le(out, layout::attestation_key_ecdsa_p256, 2);
  put_le(out, layout::tee_type_tdx, 4);
  put_zeros(out, 4);
  put(out, layout::intel_qe_vendor_id);
  put_zeros(out, 20 + 16 + 48 + 48 + 8);  // user data, TEE_TCB_SVN, MRSEAM, MRSIGNERSEAM, SEAM
  put_le(out, td.attributes, 8);
  put_le(out, td.xfam, 8);
  put(out, td.mr_td.view());
  put_zeros(out, 3 * 48);
  for (const crypto::Sha384& rtmr : td.rtmr) {
    put(out, rtmr.view());
  }
  put(out, report_data);
  const auto signature = must_vend(attestation_key_.sign(out));
  put_le(out, signature.size() + crypto::p256_key_bytes + certification_.size(), 4);
  put(out, signature);
  put(out, attestation_key_.public_key());
  put(out, certification_);
  return out;
}

}  // namespace mayfly::test
