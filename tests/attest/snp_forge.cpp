#include "tests/attest/snp_forge.hpp"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <memory>

#include "crypto/ecdsa.hpp"
#include "tests/attest/tpm_vectors.hpp"

namespace mayfly::attest {
namespace {

Bytes pki(const std::string& name) {
  return read_attest_vector("snp/test-pki/" + name);
}

// ECDSA over P-384 with the worthless key of the stand-in PKI: r || s, big-endian.
Bytes sign(ByteView message) {
  const Bytes pem = pki("report_signing_key.pem");
  const std::unique_ptr<BIO, decltype(&BIO_free)> source(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(source.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  Bytes der(128);
  std::size_t size = der.size();
  EXPECT_EQ(EVP_DigestSignInit(context.get(), nullptr, EVP_sha384(), nullptr, key.get()), 1);
  EXPECT_EQ(EVP_DigestSign(context.get(), der.data(), &size, message.data(), message.size()), 1);
  der.resize(size);
  return crypto::ecdsa_signature_from_der(crypto::EcdsaCurve::p384, der).value();
}

std::vector<Bytes> chain_for(SnpProduct product, SnpKeyKind kind) {
  if (kind == SnpKeyKind::vlek) {
    return {pki("vlek_milan.der"), pki("asvk_milan.der"), pki("ark.der")};
  }
  constexpr std::array<const char*, 3> names{"milan.der", "genoa.der", "turin.der"};
  const std::string name = names.at(static_cast<std::size_t>(product));
  return {pki("vcek_" + name), pki("ask_" + name), pki("ark.der")};
}

}  // namespace

SnpForge::SnpForge(SnpProduct the_product, SnpKeyKind kind)
    : product(the_product),
      report(snp_report_bytes, 0),
      root(pki("ark.der")),
      chain(chain_for(the_product, kind)),
      revocation_list(pki("crl_empty.der")) {
  const bool is_turin = product == SnpProduct::turin;
  const Bytes tcb = is_turin ? Bytes{2, 3, 1, 8, 0, 0, 0, 211} : Bytes{3, 1, 0, 0, 0, 0, 8, 211};
  put(snp_offset::version, {static_cast<std::uint8_t>(product == SnpProduct::milan ? 3 : 5)});
  put_u64(snp_offset::policy, snp_policy_bit::reserved_one | snp_policy_bit::single_socket | 0x136);
  put(snp_offset::algorithm, {1});
  put(snp_offset::report_data, Bytes(64, 0x42));
  put(snp_offset::measurement, Bytes(48, 0x11));
  put(snp_offset::host_data, Bytes(32, 0x22));
  put(snp_offset::id_key, Bytes(48, 0x33));
  for (const std::size_t offset : {snp_offset::current_tcb, snp_offset::reported_tcb,
                                   snp_offset::committed_tcb, snp_offset::launch_tcb}) {
    put(offset, tcb);
  }
  put(snp_offset::cpu,
      is_turin
          ? Bytes{0x1a, 0x02, 0}
          : Bytes{0x19, static_cast<std::uint8_t>(product == SnpProduct::milan ? 0x01 : 0x11), 1});
  for (std::uint8_t i = 0; i < (is_turin ? 8 : 64); ++i) {
    put(snp_offset::chip_id + i, {i});
  }
  if (kind == SnpKeyKind::vlek) {
    put(snp_offset::flags, {1U << 2U});
  }
}

void SnpForge::put(std::size_t offset, const Bytes& bytes) {
  std::ranges::copy(bytes, report.begin() + static_cast<std::ptrdiff_t>(offset));
}

void SnpForge::put_u64(std::size_t offset, std::uint64_t value) {
  for (std::size_t i = 0; i < 8; ++i) {
    report.at(offset + i) = static_cast<std::uint8_t>(value >> (8 * i));
  }
}

Bytes SnpForge::signed_report() const {
  Bytes out = report;
  const Bytes r_s = sign(ByteView(report).first(snp_signed_bytes));
  for (std::size_t i = 0; i < 48; ++i) {
    out[snp_offset::signature + i] = r_s[47 - i];
    out[snp_offset::signature + 72 + i] = r_s[95 - i];
  }
  return out;
}

SnpPolicy SnpForge::policy() const {
  Bytes chip(64, 0);
  for (std::uint8_t i = 0; i < (product == SnpProduct::turin ? 8 : 64); ++i) chip[i] = i;
  std::array<std::uint8_t, 64> report_data;
  report_data.fill(0x42);
  std::array<std::uint8_t, 32> host_data;
  host_data.fill(0x22);
  crypto::Sha384 measurement;
  measurement.bytes.fill(0x11);
  crypto::Sha384 id_key;
  id_key.bytes.fill(0x33);
  const std::uint8_t fmc = product == SnpProduct::turin ? 2 : 0;
  return {.anchors = {{product, root}},
          .revocation = SnpRevocationChecked{},
          .providers = std::vector<std::string>{"Test cloud"},
          .abi_minimum = SnpAbi{.major = 1, .minor = 0x36},
          .debug_off = SnpDebugOff{},
          .migration_off = SnpMigrationOff{},
          .smt_off = SnpSmtOff{},
          .single_socket = SnpSingleSocket{},
          .tcb_minimum = SnpTcb{.fmc = fmc, .boot_loader = 3, .tee = 1, .snp = 8, .microcode = 211},
          .vmpl = 0U,
          .measurements = std::vector<crypto::Sha384>{measurement},
          .host_data = host_data,
          .id_keys = std::vector<crypto::Sha384>{id_key},
          .chips = std::vector<Bytes>{chip},
          .report_data = report_data};
}

SnpAppraisal SnpForge::appraise(const SnpPolicy& policy) const {
  const Bytes bytes = signed_report();
  SnpEvidence evidence{.report = bytes, .certificate_chain = chain, .revocation_list = {}};
  if (revocation_list) {
    evidence.revocation_list = ByteView(*revocation_list);
  }
  return appraise_snp(evidence, policy, snp_forge_now);
}

std::vector<std::string> failed_checks(const SnpAppraisal& appraisal) {
  std::vector<std::string> names;
  for (const auto& finding : appraisal.findings.all()) {
    if (finding.outcome == FindingOutcome::fail) names.emplace_back(finding.name());
  }
  return names;
}

}  // namespace mayfly::attest
