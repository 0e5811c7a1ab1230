// Certificates of endorsement keys: those of a software TPM among the vectors, and Google's
// authorities for virtual ones.
#include <gtest/gtest.h>

#include <algorithm>

#include "attest/verify/tpm_ek_certificate.hpp"
#include "attest/verify/tpm_structures.hpp"
#include "base/text_encoding.hpp"
#include "crypto/pem.hpp"
#include "crypto/pki_chain.hpp"
#include "tests/attest/tpm_vectors.hpp"

namespace mayfly::attest {
namespace {

using Names = std::vector<std::string>;

constexpr UnixMillis now{1800000000000};  // 2027-01-15

Bytes from_pem(const std::string& name) {
  return crypto::split_pem_chain(read_attest_vector(name), /*certificates_max=*/1).value().at(0);
}

std::vector<Bytes> swtpm_chain(const std::string& leaf) {
  return {read_attest_vector("tpm/swtpm/" + leaf), from_pem("tpm/swtpm/ca_issuer.pem"),
          from_pem("tpm/swtpm/ca_root.pem")};
}

TpmEkAppraisal appraise(const std::vector<Bytes>& chain, UnixMillis at = now) {
  const Bytes root = from_pem("tpm/swtpm/ca_root.pem");
  const ByteView anchors[] = {root};
  return appraise_tpm_ek(chain, anchors, at);
}

Names failed_checks(const TpmEkAppraisal& appraisal) {
  Names names;
  for (const auto& finding : appraisal.findings.all()) {
    if (finding.outcome == FindingOutcome::fail) names.emplace_back(finding.name());
  }
  return names;
}

TEST(TpmEkCertificate, OfASoftwareTpmIsAcceptedUnderItsOwnRoot) {
  for (const char* leaf : {"ek_rsa_cert.der", "ek_ecc_cert.der"}) {
    const auto appraisal = appraise(swtpm_chain(leaf));
    EXPECT_EQ(failed_checks(appraisal), Names()) << leaf;
    ASSERT_TRUE(appraisal.verified) << leaf;
    EXPECT_EQ(appraisal.verified->manufacturer, "id:00001014");
    EXPECT_EQ(appraisal.verified->model, "swtpm");
    EXPECT_EQ(appraisal.verified->version, "id:20191023");
  }
}

TEST(TpmEkCertificate, EachDefectFailsItsCheck) {
  const auto chain = swtpm_chain("ek_rsa_cert.der");
  EXPECT_EQ(failed_checks(appraise({chain[0], chain[1]})), Names{"ek_anchor"});
  EXPECT_EQ(failed_checks(appraise({chain[1], chain[2]})),
            (Names{"ek_constraints", "ek_usage", "ek_tpm"}));
  EXPECT_EQ(failed_checks(appraise({chain[0], chain[2]})), (Names{"ek_names", "ek_signatures"}));
  EXPECT_EQ(failed_checks(appraise(chain, UnixMillis{1000000000000})), Names{"ek_validity"});
  EXPECT_EQ(failed_checks(appraise({})), Names{"ek_readable"});
  EXPECT_EQ(appraise({}).verdict, EvidenceVerdict::malformed);
  const auto unpinned = appraise_tpm_ek(chain, {}, now);
  EXPECT_EQ(failed_checks(unpinned), Names{"ek_anchor"});
  EXPECT_FALSE(unpinned.verified);
}

TEST(TpmEkCertificate, NoChangedByteIsAccepted) {
  auto chain = swtpm_chain("ek_rsa_cert.der");
  for (std::size_t i = 0; i < chain[0].size(); ++i) {
    chain[0][i] = static_cast<std::uint8_t>(chain[0][i] ^ 0x08U);
    ASSERT_NE(appraise(chain).verdict, EvidenceVerdict::accepted) << i;
    chain[0][i] = static_cast<std::uint8_t>(chain[0][i] ^ 0x08U);
  }
}

// The quote of the same TPM names its signer by the path from this key: EK, then attestation key.
TEST(TpmEkName, GivesTheQualifiedSignerOfTheTpmsQuote) {
  const Bytes certificate = read_attest_vector("tpm/swtpm/ek_rsa_cert.der");
  // The modulus stands in the certificate behind its DER head: INTEGER, 257 bytes, a zero.
  const Bytes head{0x02, 0x82, 0x01, 0x01, 0x00};
  const auto at = std::ranges::search(certificate, head);
  ASSERT_FALSE(at.empty());
  const Bytes modulus(at.end(), at.end() + 256);
  const auto ek_name = tpm_ek_name(modulus);
  ASSERT_TRUE(ek_name);
  const Bytes key_name = read_attest_vector("tpm/swtpm/ak.name");
  const auto quote_bytes = read_attest_vector("tpm/swtpm/q.msg");
  const auto quote = parse_tpm_quote(quote_bytes);
  ASSERT_TRUE(quote);
  EXPECT_EQ(hex_encode(tpm_qualified_name(tpm_hierarchy_endorsement, {*ek_name, key_name}).value()),
            hex_encode(quote->qualified_signer));
  EXPECT_NE(hex_encode(tpm_qualified_name(tpm_hierarchy_owner, {*ek_name, key_name}).value()),
            hex_encode(quote->qualified_signer));
  EXPECT_FALSE(tpm_ek_name(Bytes(255, 1)));
  EXPECT_FALSE(tpm_qualified_name(tpm_hierarchy_owner, {Bytes(33, 0)}));
}

TEST(TpmAuthorities, OfGoogleLeadToTheirRoot) {
  const Bytes intermediate = read_attest_vector("tpm/ca/gcp_ek_ak_ca_intermediate_v3.crt");
  const Bytes root = read_attest_vector("tpm/ca/gcp_ek_ak_ca_root.crt");
  const auto issued = crypto::PkiCertificate::parse(intermediate);
  const auto issuer = crypto::PkiCertificate::parse(root);
  ASSERT_TRUE(issued) << issued.error().message();
  ASSERT_TRUE(issuer) << issuer.error().message();
  EXPECT_TRUE(issued->verify_signature_of(*issuer));
  EXPECT_EQ(issued->issuer(), issuer->subject());
  EXPECT_TRUE(issued->is_authority() && issuer->is_authority());
}

}  // namespace
}  // namespace mayfly::attest
