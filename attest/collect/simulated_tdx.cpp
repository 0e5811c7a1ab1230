#include "attest/collect/simulated_tdx.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "attest/model/simulated_root.hpp"
#include "attest/model/tdx_layout.hpp"
#include "crypto/der_reader.hpp"
#include "crypto/der_writer.hpp"
#include "crypto/pem.hpp"
#include "crypto/random.hpp"
#include "crypto/x509_builder.hpp"

namespace mayfly::attest {
namespace {

constexpr std::int64_t day_ms = std::int64_t{24} * 60 * 60 * 1000;
constexpr std::int64_t chain_lifetime_ms = 7 * 365 * day_ms;
constexpr std::int64_t root_not_before_ms = 1577836800000;  // 2020-01-01
constexpr std::int64_t root_not_after_ms = 2524607999000;   // 2049-12-31
constexpr std::size_t qe_authentication_bytes = 32;
// What an ordinary guest of today runs with.
constexpr std::uint64_t simulated_xfam = 0x602e7;

void put(Bytes& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

template <class Integer>
void put_le(Bytes& out, Integer value) {
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
}

void put_zeros(Bytes& out, std::size_t count) {
  out.resize(out.size() + count, 0);
}

// SEQUENCE { 1.2.840.113741.1.13.1.<arc...>, value }
Bytes pck_field(std::initializer_list<std::uint8_t> arc, ByteView value) {
  Bytes identifier(tdx_layout::pck_extension_identifier.begin(),
                   tdx_layout::pck_extension_identifier.end());
  identifier.insert(identifier.end(), arc);
  return crypto::der_sequence({crypto::der_object_identifier(identifier), value});
}

// Intel's extension with every mandatory field, all zero: PPID, TCB, PCEID, FMSPC, SGX type.
Bytes pck_extension() {
  static constexpr std::array<std::uint8_t, 16> zeros{};
  const Bytes zero_number = crypto::der_unsigned_integer(ByteView());
  Bytes tcb;
  for (std::uint8_t component = 1; component <= 17; ++component) {  // 17 is PCESVN
    put(tcb, pck_field({2, component}, zero_number));
  }
  put(tcb, pck_field({2, 18}, crypto::der_octet_string(zeros)));  // CPUSVN
  const ByteView zero_view(zeros);
  return crypto::der_sequence({
      pck_field({1}, crypto::der_octet_string(zeros)),
      pck_field({2}, crypto::der_sequence({tcb})),
      pck_field({3}, crypto::der_octet_string(zero_view.first(2))),
      pck_field({4}, crypto::der_octet_string(zero_view.first(6))),
      pck_field({5}, crypto::der_element(crypto::der_tag::enumerated, zero_view.first(1))),
  });
}

// Leaf to root, as PEM.
Result<std::string> issue_chain(const crypto::P256PrivateKey& pck, UnixMillis now) {
  if (now.value - day_ms < root_not_before_ms || now.value > root_not_after_ms) {
    return fail(ErrorCode::limit,
                "the simulated root is valid from 2020 to 2049, and this machine's clock says " +
                    to_rfc3339(now) + ": set the clock");
  }
  const UnixMillis not_before{now.value - day_ms};
  const UnixMillis not_after{std::min(now.value + chain_lifetime_ms, root_not_after_ms)};
  TRY(const auto root_key, simulated_root_key());
  TRY(const auto authority_key, crypto::P256PrivateKey::generate());
  std::array<std::uint8_t, 16> authority_serial;
  std::array<std::uint8_t, 16> leaf_serial;
  crypto::fill_random(authority_serial);
  crypto::fill_random(leaf_serial);
  TRY(const Bytes authority,
      crypto::issue_certificate({.serial = authority_serial,
                                 .issuer_common_name = simulated_root_name,
                                 .subject_common_name = simulated_pck_ca_name,
                                 .not_before = not_before,
                                 .not_after = not_after,
                                 .role = crypto::CertificateRole::certificate_authority,
                                 .path_length_max = {},
                                 .key_usage = {},
                                 .public_key = authority_key.public_key(),
                                 .extra_extension = {}},
                                root_key));
  const Bytes extension = pck_extension();
  TRY(const Bytes leaf,
      crypto::issue_certificate(
          {.serial = leaf_serial,
           .issuer_common_name = simulated_pck_ca_name,
           .subject_common_name = simulated_pck_name,
           .not_before = not_before,
           .not_after = not_after,
           .role = crypto::CertificateRole::end_entity,
           .path_length_max = {},
           .key_usage = {},
           .public_key = pck.public_key(),
           .extra_extension = {{tdx_layout::pck_extension_identifier, extension}}},
          authority_key));
  return crypto::pem_certificate(leaf) + crypto::pem_certificate(authority) +
         crypto::pem_certificate(simulated_anchor().root_certificate);
}

Bytes header_and_body(const crypto::Sha384& measurement) {
  Bytes out;
  out.reserve(tdx_layout::header_bytes + tdx_layout::body_bytes);
  put_le(out, tdx_layout::version_4);
  put_le(out, tdx_layout::attestation_key_ecdsa_p256);
  put_le(out, tdx_layout::tee_type_tdx);
  put_zeros(out, 4);  // reserved
  put(out, tdx_layout::intel_qe_vendor_id);
  put_zeros(out, 20);             // user data
  put_zeros(out, 16 + 48 + 48);   // TEE_TCB_SVN, MRSEAM, MRSIGNERSEAM
  put_le(out, std::uint64_t{0});  // SEAMATTRIBUTES
  put_le(out, tdx_layout::td_attribute_sept_ve_disable);
  put_le(out, simulated_xfam);
  put(out, measurement.view());         // MRTD
  put_zeros(out, std::size_t{7} * 48);  // MRCONFIGID, MROWNER, MROWNERCONFIG, RTMR0..3
  put_zeros(out, tdx_layout::report_data_bytes);
  return out;
}

Bytes qe_report(ByteView attestation_key, ByteView authentication) {
  crypto::Sha256Hasher hasher;
  hasher.update(attestation_key);
  hasher.update(authentication);
  Bytes out;
  out.reserve(tdx_layout::qe_report_bytes);
  put_zeros(out, 256);            // CPUSVN to MRSIGNER: there is no enclave to describe
  put_le(out, std::uint16_t{2});  // ISVPRODID of the TD quoting enclave
  put_zeros(out, 62);
  put(out, std::move(hasher).finish().bytes);
  put_zeros(out, 32);
  return out;
}

}  // namespace

Result<SimulatedTdxAttester> SimulatedTdxAttester::start(const crypto::Sha384& measurement,
                                                         UnixMillis now) {
  TRY(auto attestation_key, crypto::P256PrivateKey::generate());
  TRY(const auto pck, crypto::P256PrivateKey::generate());
  TRY(const std::string chain, issue_chain(pck, now));
  std::array<std::uint8_t, qe_authentication_bytes> authentication;
  crypto::fill_random(authentication);
  const Bytes report = qe_report(attestation_key.public_key(), authentication);
  TRY(const auto report_signature, pck.sign(report));

  Bytes inner = report;
  put(inner, report_signature);
  put_le(inner, static_cast<std::uint16_t>(authentication.size()));
  put(inner, authentication);
  put_le(inner, tdx_layout::certification_pck_chain);
  put_le(inner, static_cast<std::uint32_t>(chain.size()));
  put(inner, bytes_of(chain));

  Bytes certification;
  put_le(certification, tdx_layout::certification_qe_report);
  put_le(certification, static_cast<std::uint32_t>(inner.size()));
  put(certification, inner);
  return SimulatedTdxAttester(std::move(attestation_key), header_and_body(measurement),
                              std::move(certification));
}

Result<Evidence> SimulatedTdxAttester::quote(const ReportData& report_data) const {
  Bytes quote = signed_bytes_;
  std::ranges::copy_backward(report_data, quote.end());
  TRY(const auto signature, attestation_key_.sign(quote));
  put_le(quote, static_cast<std::uint32_t>(signature.size() + crypto::p256_key_bytes +
                                           certification_.size()));
  put(quote, signature);
  put(quote, attestation_key_.public_key());
  put(quote, certification_);
  return Evidence{
      .kind = TeeKind::simulated_tdx, .format = "tdx-quote-v4", .quote = std::move(quote)};
}

}  // namespace mayfly::attest
