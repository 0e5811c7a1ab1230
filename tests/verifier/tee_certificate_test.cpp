// Certificates whose evidence is an SEV-SNP report or a TPM's quote, under stand-ins for the
// vendors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "attest/model/evidence_parts.hpp"
#include "attest/model/tpm_pcr_list.hpp"
#include "base/text_encoding.hpp"
#include "crypto/pem.hpp"
#include "crypto/revocation_list.hpp"
#include "tests/attest/snp_forge.hpp"
#include "tests/attest/token_forge.hpp"
#include "tests/attest/tpm_forge.hpp"
#include "tests/attest/tpm_vectors.hpp"
#include "tests/verifier/certificate_builder.hpp"
#include "verifier/tee_parts.hpp"
#include "verifier/verify.hpp"

namespace mayfly::verifier {
namespace {

using attest::TeeKind;
using testing::Contains;
using testing::Not;

using Parts = std::map<std::string, Bytes>;

Bytes pem_of(const std::vector<Bytes>& chain) {
  std::string text;
  for (const Bytes& der : chain) text += crypto::pem_certificate(der);
  const ByteView bytes = bytes_of(text);
  return {bytes.begin(), bytes.end()};
}

std::vector<std::string> codes(const Report& report) {
  std::vector<std::string> out;
  for (const Finding& finding : report.findings) {
    out.emplace_back(meaning_of(finding.code).name);
  }
  return out;
}

// What both kinds of test have: a draft whose quote is made for its statement, parts beside it.
class TeeCertificate : public testing::Test {
 protected:
  void prepare(TeeKind kind, std::string_view format) {
    draft_.statement.run.tee = to_string(kind);
    draft_.statement.run.assurance = "native+" + std::string(to_string(kind));
    draft_.before_encoding = [this, kind, format](certificate::Proof& proof) {
      proof.tee_format = format;
      auto parts = tee_parts(kind, parts_);
      EXPECT_TRUE(parts) << parts.error().message();
      proof.collateral = *parts;
      if (edit_) edit_(proof);
    };
    policy_ = default_policy();
  }

  Bytes certificate() { return test::build(draft_); }
  Report judge(const Bytes& bytes) { return verify(bytes, policy_, at_, {}); }
  Report judge() { return judge(certificate()); }

  // Goal: no changed byte goes unnoticed. Method: one bit of every fifth byte.
  void expect_every_flip_is_noticed(unsigned mask) {
    Bytes bytes = certificate();
    ASSERT_EQ(judge(bytes).verdict(), Verdict::verified);
    for (std::size_t i = 0; i < bytes.size(); i += 5) {
      bytes[i] = static_cast<std::uint8_t>(bytes[i] ^ mask);
      const Verdict verdict = judge(bytes).verdict();
      ASSERT_TRUE(verdict == Verdict::contradicted || verdict == Verdict::malformed ||
                  verdict == Verdict::inconclusive)
          << i << ": " << to_string(verdict);
      bytes[i] = static_cast<std::uint8_t>(bytes[i] ^ mask);
    }
  }

  test::Draft draft_;
  Policy policy_;
  Parts parts_;
  UnixMillis at_ = test::appraised_at;
  std::function<void(certificate::Proof&)> edit_;
};

class SnpCertificate : public TeeCertificate {
 protected:
  SnpCertificate() {
    prepare(TeeKind::snp, attest::quote_format::snp);
    parts_["certificate_chain"] = pem_of(forge_.chain);
    parts_["crl"] = *forge_.revocation_list;
    draft_.quote = [this](const attest::ReportData& data) {
      forge_.put(attest::snp_offset::report_data, Bytes(data.begin(), data.end()));
      return forge_.signed_report();
    };
    policy_.snp = forge_.policy();
    at_ = attest::snp_forge_now;
  }

  attest::SnpForge forge_;
};

TEST_F(SnpCertificate, IsVerified) {
  const Report report = judge();
  EXPECT_EQ(report.verdict(), Verdict::verified) << testing::PrintToString(codes(report));
  for (const char* code : {"quote-chain-ok", "report-data-ok", "measurement-accepted",
                           "td-not-debug", "revocation-ok"}) {
    EXPECT_THAT(codes(report), Contains(code));
  }
  EXPECT_EQ(report.answers.size(), 2U);
}

TEST_F(SnpCertificate, IsContradictedByAReportForSomethingElse) {
  draft_.before_quoting = [](attest::ReportData& data) { data[5] ^= 1; };
  EXPECT_EQ(judge().verdict(), Verdict::contradicted);
  EXPECT_THAT(codes(judge()), Contains("report-data-differs"));
}

TEST_F(SnpCertificate, IsRefusedByAPolicyThatDoesNotKnowIt) {
  policy_.snp.measurements = std::vector<crypto::Sha384>();
  EXPECT_EQ(judge().verdict(), Verdict::refused);
  EXPECT_THAT(codes(judge()), Contains("measurement-unknown"));
  policy_.snp = forge_.policy();
  policy_.snp.chips = std::vector<Bytes>{Bytes(64, 0xee)};
  EXPECT_EQ(judge().verdict(), Verdict::refused);
  EXPECT_THAT(codes(judge()), Contains("platform-refused"));
  policy_.snp = forge_.policy();
  policy_.kinds = {TeeKind::tdx};
  EXPECT_EQ(judge().verdict(), Verdict::refused);
  EXPECT_THAT(codes(judge()), Contains("quote-kind-refused"));
}

TEST_F(SnpCertificate, IsNotAttestedUnderDebug) {
  forge_.put_u64(attest::snp_offset::policy, attest::snp_policy_bit::reserved_one |
                                                 attest::snp_policy_bit::single_socket |
                                                 attest::snp_policy_bit::debug_allowed | 0x136);
  EXPECT_EQ(judge().verdict(), Verdict::unattested);
  EXPECT_THAT(codes(judge()), Contains("td-debug"));
}

TEST_F(SnpCertificate, IsJudgedByTheListOfItsRoot) {
  parts_["crl"] = attest::read_attest_vector("snp/test-pki/crl_revokes_ask_milan.der");
  EXPECT_EQ(judge().verdict(), Verdict::refused);
  EXPECT_THAT(codes(judge()), Contains("key-revoked"));
  parts_["crl"] = *forge_.revocation_list;
  at_ = UnixMillis{crypto::RevocationList::parse(parts_["crl"])->next_update().value + 1};
  const Report late = judge();
  EXPECT_THAT(codes(late), Contains("collateral-not-valid-at-time"));
  EXPECT_NE(late.verdict(), Verdict::verified);
  at_ = attest::snp_forge_now;
  parts_.erase("crl");
  EXPECT_EQ(judge().verdict(), Verdict::inconclusive);
  EXPECT_THAT(codes(judge()), Contains("quote-part-missing"));
  policy_.collateral = Any{"a laboratory"};
  EXPECT_EQ(judge().verdict(), Verdict::verified);
}

TEST_F(SnpCertificate, IsContradictedByAnotherKindOrSpelling) {
  edit_ = [](certificate::Proof& proof) { proof.tee_format = attest::quote_format::nitro; };
  EXPECT_EQ(judge().verdict(), Verdict::contradicted);
  edit_ = [](certificate::Proof& proof) { proof.collateral->parts[0].bytes.push_back('\n'); };
  EXPECT_EQ(judge().verdict(), Verdict::contradicted);
  edit_ = [](certificate::Proof& proof) { proof.collateral->parts[0].name = "unknown"; };
  EXPECT_EQ(judge().verdict(), Verdict::contradicted);
  edit_ = nullptr;
  draft_.statement.run.tee = "nitro";
  edit_ = [](certificate::Proof& proof) { proof.tee_kind = "nitro"; };
  EXPECT_THAT(codes(judge()), Contains("quote-kind-differs"));
  EXPECT_EQ(judge().verdict(), Verdict::contradicted);
}

TEST_F(SnpCertificate, IsNeverVerifiedWhicheverByteChanged) {
  expect_every_flip_is_noticed(0x01);
}

// The token binds the statement as its nonce.
class TokenCertificate : public TeeCertificate {
 protected:
  TokenCertificate() {
    prepare(TeeKind::confidential_space, attest::quote_format::confidential_space);
    draft_.before_encoding = [this](certificate::Proof& proof) {
      proof.tee_format = attest::quote_format::confidential_space;
      if (edit_) edit_(proof);
    };
    draft_.quote = [this](const attest::ReportData& data) {
      forge_.set("eat_nonce", '"' + hex_encode(crypto::sha256(data).bytes) + '"');
      const std::string token = forge_.token();
      return Bytes(token.begin(), token.end());
    };
    policy_.kinds = {TeeKind::confidential_space};
    policy_.confidential_space = forge_.policy();
    at_ = attest::token_forge_now;
  }

  attest::TokenForge forge_;
};

// Everything fits, every rule of the policy is met: and still it is not what hardware would say.
TEST_F(TokenCertificate, IsAProvidersWordAndNeverAHardwareVerdict) {
  const Report report = judge();
  EXPECT_EQ(report.verdict(), Verdict::unattested) << testing::PrintToString(codes(report));
  for (const char* code : {"quote-provider-signed", "report-data-ok", "measurement-accepted"}) {
    EXPECT_THAT(codes(report), Contains(code));
  }
  for (const char* code : {"quote-chain-ok", "td-not-debug"}) {
    EXPECT_THAT(codes(report), Not(Contains(code)));
  }
  for (const GradedField& each : report.fields) {
    EXPECT_NE(each.grade, Grade::hardware_bound) << each.field;
  }
}

TEST_F(TokenCertificate, IsContradictedByATokenForSomethingElse) {
  draft_.before_quoting = [](attest::ReportData& data) { data[5] ^= 1; };
  EXPECT_EQ(judge().verdict(), Verdict::contradicted);
  EXPECT_THAT(codes(judge()), Contains("report-data-differs"));
}

TEST_F(TokenCertificate, IsContradictedUnderAnotherRootOrKind) {
  policy_.confidential_space.roots.clear();
  EXPECT_EQ(judge().verdict(), Verdict::contradicted);
  EXPECT_THAT(codes(judge()), Contains("quote-not-genuine"));
  policy_.confidential_space = forge_.policy();
  draft_.statement.run.tee = "tdx";
  draft_.statement.run.assurance = "native+tdx";
  edit_ = [](certificate::Proof& proof) { proof.tee_kind = "tdx"; };
  EXPECT_EQ(judge().verdict(), Verdict::contradicted);
  EXPECT_THAT(codes(judge()), Contains("quote-kind-differs"));
}

TEST_F(TokenCertificate, IsRefusedByADefaultPolicy) {
  policy_ = default_policy();
  policy_.confidential_space = forge_.policy();
  EXPECT_THAT(codes(judge()), Contains("quote-kind-refused"));
  EXPECT_EQ(judge().verdict(), Verdict::unattested);
}

class TpmCertificate : public TeeCertificate {
 protected:
  TpmCertificate() {
    prepare(TeeKind::tpm, attest::quote_format::tpm);
    const Bytes parent = [] {
      Bytes name(34, 0x77);
      name[0] = 0x00;
      name[1] = 0x0b;
      return name;
    }();
    const Bytes area = forge_.public_area();
    const Bytes own = *attest::tpm_name_of(*attest::parse_tpm_public(area));
    forge_.qualified_signer =
        *attest::tpm_qualified_name(attest::tpm_hierarchy_endorsement, {parent, own});
    Bytes path{0x40, 0x00, 0x00, 0x0b, 0x00, 34};
    path.insert(path.end(), parent.begin(), parent.end());
    std::vector<attest::TpmPcrValue> pcrs;
    for (const attest::TpmPcr& pcr : forge_.pcrs) {
      pcrs.push_back({static_cast<std::uint16_t>(pcr.bank), pcr.index, pcr.value});
    }
    parts_ = {{"ak_chain", pem_of(forge_.chain())},
              {"ak_public", area},
              {"key_path", path},
              {"pcrs", attest::encode_tpm_pcrs(pcrs)}};
    draft_.quote = [this](const attest::ReportData& data) {
      const crypto::Sha256 digest = crypto::sha256(data);
      forge_.extra_data.assign(digest.bytes.begin(), digest.bytes.end());
      Bytes quote = forge_.attest();
      parts_["signature"] = forge_.signature_over(quote);
      return quote;
    };
    policy_.kinds = {TeeKind::tpm};
    policy_.tpm.key = {
        .names = {}, .roots = {crypto::sha256(forge_.root_der)}, .extended_usage = "2.23.133.8.3"};
    policy_.tpm.quote.pcr_values =
        std::vector<attest::TpmPcr>{{attest::TpmHash::sha256, 7, Bytes(32, 0x17)}};
  }

  attest::TpmForge forge_;
};

TEST_F(TpmCertificate, IsVerifiedByACertifiedKey) {
  const Report report = judge();
  EXPECT_EQ(report.verdict(), Verdict::verified) << testing::PrintToString(codes(report));
}

TEST_F(TpmCertificate, IsVerifiedByAKeyThatTheReaderEnrolled) {
  const auto area = attest::parse_tpm_public(parts_["ak_public"]);
  policy_.tpm.key.names = {*attest::tpm_name_of(*area)};
  policy_.tpm.key.roots.clear();
  parts_.erase("ak_chain");
  EXPECT_EQ(judge().verdict(), Verdict::verified) << testing::PrintToString(codes(judge()));
  policy_.tpm.key.names = {Bytes(34, 0x01)};
  EXPECT_EQ(judge().verdict(), Verdict::contradicted);
}

TEST_F(TpmCertificate, IsNotAcceptedUnlessAPolicyAsksForTpms) {
  policy_.kinds = default_policy().kinds;
  EXPECT_EQ(judge().verdict(), Verdict::refused);
  EXPECT_THAT(codes(judge()), Contains("quote-kind-refused"));
}

TEST_F(TpmCertificate, IsContradictedByAKeyOfAnotherRootAndByAnotherBinding) {
  policy_.tpm.key.roots = {crypto::Sha256{}};
  EXPECT_EQ(judge().verdict(), Verdict::contradicted);
  policy_.tpm.key.roots = {crypto::sha256(forge_.root_der)};
  draft_.before_quoting = [](attest::ReportData& data) { data[40] ^= 1; };
  EXPECT_THAT(codes(judge()), Contains("report-data-differs"));
}

TEST_F(TpmCertificate, IsInconclusiveWithoutAPart) {
  for (const char* part : {"ak_public", "key_path", "ak_chain"}) {
    const Bytes kept = parts_[part];
    parts_.erase(part);
    EXPECT_EQ(judge().verdict(), Verdict::inconclusive) << part;
    parts_[part] = kept;
  }
}

// The authority certifies the key and nothing else of its public area: the signer binds the rest.
TEST_F(TpmCertificate, IsContradictedByAnotherPublicAreaAroundTheCertifiedKey) {
  forge_.attributes ^= 0x20;
  parts_["ak_public"] = forge_.public_area();
  EXPECT_EQ(judge().verdict(), Verdict::contradicted);
}

TEST_F(TpmCertificate, IsNeverVerifiedWhicheverByteChanged) {
  expect_every_flip_is_noticed(0x20);
}

// The log of a real machine, and a quote over the values it leads to.
TEST_F(TpmCertificate, IsVerifiedWithALogThatLeadsToItsPcrs) {
  const Bytes log = attest::read_attest_vector("tpm/eventlogs/ubuntu-2404-amd-sevsnp.bin");
  const auto parsed = attest::parse_event_log(log);
  ASSERT_TRUE(parsed);
  const auto values = attest::replay_event_log(*parsed, attest::TpmHash::sha256);
  std::vector<attest::TpmPcrValue> shown;
  for (attest::TpmPcr& pcr : forge_.pcrs) {
    pcr.value = values.at(pcr.index);
    shown.push_back({static_cast<std::uint16_t>(pcr.bank), pcr.index, pcr.value});
  }
  parts_["pcrs"] = attest::encode_tpm_pcrs(shown);
  parts_["event_log"] = log;
  policy_.tpm.quote.pcr_values = Any{"the log says what was measured"};
  policy_.tpm.event_log = EventLogRule{.registers = {0, 1, 2, 3, 7},
                                       .separators = attest::OneSeparator{},
                                       .payloads = attest::PayloadsMeasured{}};
  const Report report = judge();
  EXPECT_EQ(report.verdict(), Verdict::verified) << testing::PrintToString(codes(report));
  EXPECT_THAT(codes(report), Contains("event-log-accounts"));
  forge_.pcrs[4].value[0] ^= 1;
  shown[4].value[0] ^= 1;
  parts_["pcrs"] = attest::encode_tpm_pcrs(shown);
  EXPECT_THAT(codes(judge()), Contains("event-log-differs"));
  EXPECT_EQ(judge().verdict(), Verdict::contradicted);
  parts_.erase("event_log");
  EXPECT_EQ(judge().verdict(), Verdict::inconclusive);
}

}  // namespace
}  // namespace mayfly::verifier
