// SEV-SNP reports: real ones (tests/vectors/attest/snp, whose MANIFEST.tsv says what each must
// give) and forged ones with one defect each.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "attest/verify/snp_verify.hpp"
#include "base/text_encoding.hpp"
#include "crypto/pem.hpp"
#include "crypto/pki_certificate.hpp"
#include "tests/attest/snp_forge.hpp"
#include "tests/attest/tpm_vectors.hpp"

namespace mayfly::attest {
namespace {

using Names = std::vector<std::string>;

constexpr UnixMillis real_at{1690000000000};          // 2023-07-22
constexpr UnixMillis google_milan_at{1664064000000};  // 2022-09-25

std::vector<Bytes> amd_chain(const std::string& leaf, const std::string& authorities) {
  std::vector<Bytes> chain{read_attest_vector("snp/" + leaf)};
  const Bytes pem = read_attest_vector("snp/certs/" + authorities);
  auto issuers = crypto::split_pem_chain(pem, /*certificates_max=*/2).value();
  chain.push_back(std::move(issuers.at(0)));
  chain.push_back(std::move(issuers.at(1)));
  return chain;
}

SnpPolicy policy_for_real() {
  const Any nothing{"not asked of a published sample"};
  return {.anchors = {snp_anchors().begin(), snp_anchors().end()},
          .revocation = Any{"no list was published with the sample"},
          .providers = nothing,
          .abi_minimum = SnpAbi{.major = 0, .minor = 0},
          .debug_off = SnpDebugOff{},
          .migration_off = SnpMigrationOff{},
          .smt_off = nothing,
          .single_socket = nothing,
          .tcb_minimum = SnpTcb{.fmc = 0, .boot_loader = 2, .tee = 0, .snp = 5, .microcode = 68},
          .vmpl = 0U,
          .measurements = nothing,
          .host_data = nothing,
          .id_keys = nothing,
          .chips = nothing,
          .report_data = nothing};
}

SnpAppraisal appraise_real(const std::string& report, const std::string& leaf, UnixMillis at) {
  const Bytes bytes = read_attest_vector("snp/" + report);
  return appraise_snp({.report = bytes,
                       .certificate_chain = amd_chain(leaf, "ask_ark_milan.pem"),
                       .revocation_list = {}},
                      policy_for_real(), at);
}

TEST(SnpVectors, AGenuineReportIsAccepted) {
  const auto appraisal = appraise_real("coco_milan.report", "coco_milan.vcek.der", real_at);
  EXPECT_EQ(failed_checks(appraisal), Names());
  EXPECT_EQ(appraisal.verdict, EvidenceVerdict::accepted);
  ASSERT_TRUE(appraisal.verified);
  EXPECT_EQ(appraisal.verified->product, SnpProduct::milan);
  EXPECT_EQ(appraisal.verified->key_kind, SnpKeyKind::vcek);
  EXPECT_EQ(appraisal.verified->reported,
            (SnpTcb{.fmc = 0, .boot_loader = 3, .tee = 0, .snp = 8, .microcode = 0x73}));
  EXPECT_EQ(hex_encode(ByteView(appraisal.verified->report_data).first(4)), "ec6c52d7");
}

TEST(SnpVectors, ADebugGuestIsRefused) {
  const auto appraisal =
      appraise_real("google_milan_debug.report", "google_milan_debug.vcek.der", google_milan_at);
  EXPECT_EQ(failed_checks(appraisal), Names{"debug_off"});
  EXPECT_EQ(appraisal.verdict, EvidenceVerdict::rejected);
  ASSERT_TRUE(appraisal.verified) << "genuine, though of no worth";
}

TEST(SnpVectors, OtherKeysCertificatesAreRefused) {
  for (const char* leaf : {"coco_milan.vcek_bad1.der", "coco_milan.vcek_bad2.der"}) {
    const auto appraisal = appraise_real("coco_milan.report", leaf, UnixMillis{1700000000000});
    EXPECT_EQ(failed_checks(appraisal), (Names{"chain_signatures", "certificate_tcb",
                                               "certificate_chip", "report_signature"}))
        << leaf;
    EXPECT_FALSE(appraisal.verified);
  }
  const auto other = appraise_real("coco_milan.report", "google_milan_debug.vcek.der", real_at);
  EXPECT_EQ(failed_checks(other),
            (Names{"certificate_tcb", "certificate_chip", "report_signature"}));
}

TEST(SnpVectors, ACertificateIsValidAtBothEndsOnly) {
  for (const UnixMillis at : {UnixMillis{1674500000000}, UnixMillis{1911600000000}}) {
    EXPECT_EQ(failed_checks(appraise_real("coco_milan.report", "coco_milan.vcek.der", at)),
              Names{"chain_validity"});
  }
}

TEST(SnpVectors, EveryPublishedAuthorityLeadsToItsPinnedRoot) {
  const std::pair<const char*, SnpProduct> files[] = {
      {"ask_ark_milan.pem", SnpProduct::milan},      {"ask_ark_milan_vlek.pem", SnpProduct::milan},
      {"ask_ark_genoa.pem", SnpProduct::genoa},      {"ask_ark_genoa_vlek.pem", SnpProduct::genoa},
      {"ask_ark_turin_vcek.pem", SnpProduct::turin}, {"ask_ark_turin_vlek.pem", SnpProduct::turin}};
  for (const auto& [name, product] : files) {
    const auto chain = amd_chain("coco_milan.vcek.der", name);
    const auto anchor = std::ranges::find(snp_anchors(), product, &SnpAnchor::product);
    EXPECT_TRUE(std::ranges::equal(chain[2], anchor->root_certificate)) << name;
    const auto authority = crypto::PkiCertificate::parse(chain[1]);
    const auto root = crypto::PkiCertificate::parse(chain[2]);
    EXPECT_TRUE(authority && root && authority->verify_signature_of(*root)) << name;
  }
}

TEST(AppraiseSnp, AcceptsEveryProductAndKind) {
  for (const SnpForge& forge :
       {SnpForge(), SnpForge(SnpProduct::genoa), SnpForge(SnpProduct::turin),
        SnpForge(SnpProduct::milan, SnpKeyKind::vlek)}) {
    const SnpAppraisal appraisal = forge.appraise();
    EXPECT_EQ(failed_checks(appraisal), Names()) << to_string(forge.product);
    EXPECT_EQ(appraisal.verdict, EvidenceVerdict::accepted) << to_string(forge.product);
    ASSERT_TRUE(appraisal.verified);
    EXPECT_EQ(appraisal.verified->product, forge.product);
    EXPECT_EQ(appraisal.verified->reported.microcode, 211);
    EXPECT_EQ(appraisal.verified->reported.boot_loader, 3);
  }
}

struct SnpChange {
  const char* what;
  std::function<void(SnpForge&)> change;
  Names failed;
};

// Every report here is signed by the certified key: only the named check stands in the way.
TEST(AppraiseSnp, EachDefectFailsItsCheckAlone) {
  using namespace snp_offset;
  const std::uint64_t good = snp_policy_bit::reserved_one | snp_policy_bit::single_socket | 0x136;
  const SnpChange changes[] = {
      {"debug", [&](auto& f) { f.put_u64(policy, good | 1U << 19U); }, {"debug_off"}},
      {"migration", [&](auto& f) { f.put_u64(policy, good | 1U << 18U); }, {"migration_off"}},
      {"smt", [&](auto& f) { f.put_u64(policy, good | 1U << 16U); }, {"smt_off"}},
      {"sockets", [&](auto& f) { f.put_u64(policy, good & ~(1ULL << 20U)); }, {"single_socket"}},
      {"bit 17", [&](auto& f) { f.put_u64(policy, good & ~(1ULL << 17U)); }, {"guest_policy"}},
      {"bit 26", [&](auto& f) { f.put_u64(policy, good | 1ULL << 26U); }, {"guest_policy"}},
      {"bit 63", [&](auto& f) { f.put_u64(policy, good | 1ULL << 63U); }, {"guest_policy"}},
      {"old interface", [&](auto& f) { f.put_u64(policy, good - 1); }, {"guest_policy"}},
      {"vmpl", [](auto& f) { f.put(vmpl, {1}); }, {"vmpl"}},
      {"measurement", [](auto& f) { f.put(measurement, {0}); }, {"measurement"}},
      {"host data", [](auto& f) { f.put(host_data, {0}); }, {"host_data"}},
      {"owner", [](auto& f) { f.put(id_key, {0}); }, {"id_key"}},
      {"report data", [](auto& f) { f.put(report_data + 63, {0}); }, {"report_data"}},
      {"other chip", [](auto& f) { f.put(chip_id + 63, {0}); }, {"certificate_chip", "chip"}},
      {"masked chip",
       [](auto& f) {
         f.put(flags, {2});
         f.put(chip_id, Bytes(64, 0));
       },
       {"certificate_chip", "chip"}},
      {"reported tcb",
       [](auto& f) { f.put(reported_tcb + 7, {212}); },
       {"certificate_tcb", "tcb_order"}},
      {"old committed", [](auto& f) { f.put(committed_tcb, {2}); }, {"tcb_minimum"}},
      {"old launch", [](auto& f) { f.put(launch_tcb + 6, {7}); }, {"tcb_minimum"}},
      {"committed above", [](auto& f) { f.put(committed_tcb + 7, {212}); }, {"tcb_order"}},
      {"reserved tcb", [](auto& f) { f.put(current_tcb + 3, {1}); }, {"tcb_order", "tcb_minimum"}},
      {"other cpu", [](auto& f) { f.put(cpu, {0x19, 0x11, 1}); }, {"certificate_product"}},
      {"unknown cpu", [](auto& f) { f.put(cpu, {0x1b, 0x11, 1}); }, {"certificate_product"}},
      {"says vlek",
       [](auto& f) { f.put(flags, {4}); },
       {"key_kind", "certificate_product", "certificate_tcb", "certificate_chip"}},
      {"no key", [](auto& f) { f.put(flags, {7U << 2U}); }, {"key_kind"}},
      {"pkcs1",
       [](auto& f) { f.chain[0] = read_attest_vector("snp/test-pki/vcek_milan_pkcs1.der"); },
       {"chain_algorithm"}},
      {"salt",
       [](auto& f) { f.chain[0] = read_attest_vector("snp/test-pki/vcek_milan_salt.der"); },
       {"chain_algorithm"}},
      {"revoked",
       [](auto& f) {
         f.revocation_list = read_attest_vector("snp/test-pki/crl_revokes_ask_milan.der");
       },
       {"chain_revocation"}},
      {"no list", [](auto& f) { f.revocation_list = Bytes(); }, {"revocation_list"}},
      {"two certificates", [](auto& f) { f.chain.pop_back(); }, {"chain_readable"}},
  };
  for (const SnpChange& each : changes) {
    SnpForge forge;
    each.change(forge);
    const SnpAppraisal appraisal = forge.appraise();
    EXPECT_EQ(failed_checks(appraisal), each.failed) << each.what;
    EXPECT_EQ(appraisal.verdict, EvidenceVerdict::rejected) << each.what;
  }
}

// The bytes of a TCB version stand in another order on Turin.
TEST(AppraiseSnp, ReadsTheTcbInTheOrderOfTheProduct) {
  SnpForge turin(SnpProduct::turin);
  for (const std::size_t offset : {snp_offset::current_tcb, snp_offset::reported_tcb,
                                   snp_offset::committed_tcb, snp_offset::launch_tcb}) {
    turin.put(offset, {3, 1, 0, 0, 0, 0, 8, 211});
  }
  EXPECT_EQ(failed_checks(turin.appraise()),
            (Names{"certificate_tcb", "tcb_order", "tcb_minimum"}));
  SnpForge other_fmc(SnpProduct::turin);
  other_fmc.put(snp_offset::reported_tcb, {1});
  other_fmc.put(snp_offset::committed_tcb, {1});
  EXPECT_EQ(failed_checks(other_fmc.appraise()), (Names{"certificate_tcb", "tcb_minimum"}));
}

TEST(AppraiseSnp, KeepsEachProductToItsRootAndEachKeyToItsKind) {
  SnpForge forge;
  SnpPolicy policy = forge.policy();
  policy.anchors = {{SnpProduct::genoa, forge.root}};
  EXPECT_EQ(failed_checks(forge.appraise(policy)), (Names{"key_kind", "certificate_product"}));
  policy.anchors = {snp_anchors().begin(), snp_anchors().end()};
  const auto unpinned = forge.appraise(policy);
  EXPECT_EQ(failed_checks(unpinned), Names{"chain_anchor"});
  EXPECT_FALSE(unpinned.verified);
  SnpForge lent(SnpProduct::milan, SnpKeyKind::vlek);
  policy = lent.policy();
  policy.providers = std::vector<std::string>{"Another cloud"};
  EXPECT_EQ(failed_checks(lent.appraise(policy)), Names{"provider"});
  lent.put(snp_offset::flags, {0});
  EXPECT_EQ(failed_checks(lent.appraise()),
            (Names{"key_kind", "certificate_product", "certificate_tcb", "certificate_chip"}));
}

TEST(AppraiseSnp, IsInconclusiveWithoutTheListItWasToldToLookAt) {
  SnpForge forge;
  forge.revocation_list.reset();
  const auto appraisal = forge.appraise();
  EXPECT_EQ(failed_checks(appraisal), Names());
  EXPECT_EQ(appraisal.verdict, EvidenceVerdict::inconclusive);
  EXPECT_TRUE(appraisal.verified) << "genuine, as far as can be told";
}

// Goal: no mutated byte of signed material is accepted. Method: each byte of a genuine report.
TEST(AppraiseSnp, NoMutatedByteIsAccepted) {
  Bytes report = read_attest_vector("snp/coco_milan.report");
  const SnpEvidence evidence{
      .report = report,
      .certificate_chain = amd_chain("coco_milan.vcek.der", "ask_ark_milan.pem"),
      .revocation_list = {}};
  SnpPolicy policy = policy_for_real();
  policy.debug_off = Any{"only the signature may stand in the way"};
  policy.tcb_minimum = Any{"only the signature may stand in the way"};
  ASSERT_EQ(appraise_snp(evidence, policy, real_at).verdict, EvidenceVerdict::accepted);
  for (std::size_t i = 0; i < report.size(); i += i < 816 ? 1 : 7) {
    report[i] = static_cast<std::uint8_t>(report[i] ^ (1U << (i % 8)));
    const auto appraisal = appraise_snp(evidence, policy, real_at);
    ASSERT_NE(appraisal.verdict, EvidenceVerdict::accepted) << i;
    ASSERT_FALSE(appraisal.verified) << i;
    report[i] = static_cast<std::uint8_t>(report[i] ^ (1U << (i % 8)));
  }
}

TEST(AppraiseSnp, ReportsEveryCheckOnce) {
  SnpForge cut;
  cut.report[0] = 4;
  for (const SnpAppraisal& appraisal : {SnpForge().appraise(), cut.appraise()}) {
    ASSERT_EQ(appraisal.findings.all().size(), CheckTable<SnpCheck>::rows.size());
    for (std::size_t i = 0; i < appraisal.findings.all().size(); ++i) {
      const auto& finding = appraisal.findings.all()[i];
      EXPECT_EQ(finding.check, static_cast<SnpCheck>(i));
      EXPECT_EQ(finding.detail.empty(), finding.outcome == FindingOutcome::pass);
    }
  }
}

TEST(ParseSnpReport, RefusesOtherLengthsVersionsAndWhatIsReserved) {
  const Bytes report = SnpForge().signed_report();
  ASSERT_TRUE(parse_snp_report(report));
  for (std::size_t length = 0; length < report.size(); ++length) {
    ASSERT_FALSE(parse_snp_report(ByteView(report).first(length))) << length;
  }
  Bytes longer = report;
  longer.push_back(0);
  EXPECT_FALSE(parse_snp_report(longer));
  const auto changed = [&](std::size_t offset, std::uint8_t value) {
    Bytes bytes = report;
    bytes[offset] = value;
    const auto parsed = parse_snp_report(bytes);
    return parsed ? ErrorCode::internal : parsed.error().code();
  };
  for (const std::uint8_t version : Bytes{0, 1, 4, 6}) {
    EXPECT_EQ(changed(snp_offset::version, version), ErrorCode::rejected);
  }
  EXPECT_EQ(changed(snp_offset::version, 2), ErrorCode::malformed) << "version 2 names no CPU";
  EXPECT_EQ(changed(snp_offset::version, 5), ErrorCode::internal);
  EXPECT_EQ(changed(snp_offset::algorithm, 2), ErrorCode::rejected);
  for (const std::size_t reserved :
       {std::size_t{0x48}, std::size_t{0x4c}, std::size_t{0x18b}, std::size_t{0x1eb},
        std::size_t{0x1ef}, std::size_t{0x1f8}, std::size_t{0x208}, std::size_t{0x29f},
        std::size_t{0x2d0}, std::size_t{0x318}, std::size_t{0x330}, std::size_t{0x49f}}) {
    EXPECT_EQ(changed(reserved, 0x80), ErrorCode::malformed) << reserved;
  }
}

}  // namespace
}  // namespace mayfly::attest
