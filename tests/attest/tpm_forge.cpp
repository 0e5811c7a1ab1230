#include "tests/attest/tpm_forge.hpp"

#include <gtest/gtest.h>

#include "crypto/sha2.hpp"

namespace mayfly::attest {
namespace {

void put(Bytes& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

template <class T>
void put_be(Bytes& out, T value) {
  for (std::size_t i = sizeof(T); i-- > 0;) {
    out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
}

void put_sized(Bytes& out, ByteView bytes) {
  put_be(out, static_cast<std::uint16_t>(bytes.size()));
  put(out, bytes);
}

// extKeyUsage with 2.23.133.8.3, TCG's for attestation keys.
constexpr std::array<std::uint8_t, 3> extended_usage_identifier{0x55, 0x1d, 0x25};
constexpr std::array<std::uint8_t, 9> attestation_key_usage{0x30, 0x07, 0x06, 0x05, 0x67,
                                                            0x81, 0x05, 0x08, 0x03};

}  // namespace

TpmForge::TpmForge()
    : key(crypto::P256PrivateKey::generate().value()),
      root_key(crypto::P256PrivateKey::generate().value()) {
  selections = {{.bank = TpmHash::sha256, .mask = 0b1000'1111}};
  for (const std::uint32_t index : {0U, 1U, 2U, 3U, 7U}) {
    pcrs.push_back({.bank = TpmHash::sha256,
                    .index = index,
                    .value = Bytes(32, static_cast<std::uint8_t>(0x10 + index))});
  }
  root = {.serial = serial,
          .issuer_common_name = "TPM test root",
          .subject_common_name = "TPM test root",
          .not_before = UnixMillis{tpm_forge_now.value - 86'400'000},
          .not_after = UnixMillis{tpm_forge_now.value + 86'400'000},
          .role = crypto::CertificateRole::certificate_authority,
          .path_length_max = {},
          .key_usage = {},
          .public_key = root_key.public_key(),
          .extra_extension = {}};
  root_der = crypto::issue_certificate(root, root_key).value();
  leaf = root;
  leaf.subject_common_name = "TPM test key";
  leaf.role = crypto::CertificateRole::end_entity;
  leaf.public_key = key.public_key();
  leaf.extra_extension = crypto::CertificateDraft::ExtraExtension{
      .identifier = extended_usage_identifier, .value = attestation_key_usage};
}

Bytes TpmForge::public_area() const {
  Bytes out;
  put_be<std::uint16_t>(out, 0x0023);
  put_be(out, name_algorithm);
  put_be(out, attributes);
  put_sized(out, {});
  put_be(out, symmetric);
  if (symmetric != 0x0010) {
    put_be<std::uint32_t>(out, 0x00800043);
  }
  put_be(out, scheme);
  if (scheme != 0x0010) {
    put_be(out, scheme_hash);
  }
  put_be<std::uint16_t>(out, 0x0003);
  put_be<std::uint16_t>(out, 0x0010);
  const ByteView x_y(key.public_key());
  put_sized(out, x_y.first(32));
  put_sized(out, x_y.subspan(32));
  return out;
}

Bytes TpmForge::pcr_digest() const {
  Bytes values;
  for (const TpmPcrSelection& selection : selections) {
    for (std::uint32_t index = 0; index < tpm_pcr_count; ++index) {
      for (const TpmPcr& pcr : pcrs) {
        if ((selection.mask >> index & 1U) != 0 && pcr.bank == selection.bank &&
            pcr.index == index) {
          put(values, pcr.value);
        }
      }
    }
  }
  const auto digest = crypto::sha256(values);
  return {digest.bytes.begin(), digest.bytes.end()};
}

Bytes TpmForge::attest() const {
  Bytes out;
  put_be(out, magic);
  put_be(out, type);
  put_sized(out, qualified_signer);
  put_sized(out, extra_data);
  put_be(out, clock.clock_ms);
  put_be(out, clock.reset_count);
  put_be(out, clock.restart_count);
  out.push_back(safe_byte);
  put_be(out, firmware);
  put_be(out, static_cast<std::uint32_t>(selections.size()));
  for (const TpmPcrSelection& selection : selections) {
    put_be(out, static_cast<std::uint16_t>(selection.bank));
    out.push_back(3);
    for (unsigned i = 0; i < 3; ++i) {
      out.push_back(static_cast<std::uint8_t>(selection.mask >> (8 * i)));
    }
  }
  put_sized(out, pcr_digest_override.empty() ? pcr_digest() : pcr_digest_override);
  put(out, attest_tail);
  return out;
}

Bytes TpmForge::signature_over(ByteView attest) const {
  const auto r_s = key.sign(attest).value();
  Bytes out;
  put_be<std::uint16_t>(out, 0x0018);
  put_be(out, signature_hash);
  put_sized(out, ByteView(r_s).first(32));
  put_sized(out, ByteView(r_s).subspan(32));
  return out;
}

std::vector<Bytes> TpmForge::chain() const {
  return {crypto::issue_certificate(leaf, root_key).value(), root_der};
}

TpmPolicy TpmForge::policy() const {
  const Bytes area = public_area();
  const auto parsed = parse_tpm_public(area);
  EXPECT_TRUE(parsed);
  const auto name = tpm_name_of(*parsed);
  return {.key_trust = TpmKeyPinned{{name.value_or(Bytes(34, 0))}},
          .extra_data = Bytes(32, 0x42),
          .selection = std::vector<TpmPcrSelection>{{TpmHash::sha256, 0b1000'1111}},
          .pcr_values = std::vector<TpmPcr>{{TpmHash::sha256, 7, Bytes(32, 0x17)}},
          .boot_measured = TpmBootMeasured{},
          .qualified_signer = Bytes(34, 0x0b),
          .clock_floor = TpmClockFloor{.reset_count = 5, .restart_count = 2},
          .firmware_versions = std::vector<std::uint64_t>{7}};
}

TpmAppraisal TpmForge::appraise(const TpmPolicy& policy) const {
  const Bytes area = public_area();
  const Bytes quote = attest();
  const Bytes signature = signature_over(quote);
  return appraise_tpm({.attest = quote,
                       .signature = signature,
                       .attestation_key = ByteView(area),
                       .pcrs = pcrs,
                       .certificate_chain = chain()},
                      policy, tpm_forge_now);
}

std::vector<std::string> failed_checks(const TpmAppraisal& appraisal) {
  std::vector<std::string> names;
  for (const auto& finding : appraisal.findings.all()) {
    if (finding.outcome == FindingOutcome::fail) {
      names.emplace_back(finding.name());
    }
  }
  return names;
}

}  // namespace mayfly::attest
