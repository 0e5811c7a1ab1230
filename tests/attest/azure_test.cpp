// Evidence of Azure confidential VMs: tests/vectors/attest/snp/azure_*, tpm/azure_*.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "attest/verify/azure_verify.hpp"
#include "base/text_encoding.hpp"
#include "crypto/pem.hpp"
#include "tests/attest/tpm_forge.hpp"
#include "tests/attest/tpm_vectors.hpp"

namespace mayfly::attest {
namespace {

using nlohmann::json;
using Names = std::vector<std::string>;

constexpr UnixMillis azure_real_at{1750000000000};  // 2025-06-15

template <class Appraisal>
Names failures_of(const Appraisal& appraisal) {
  Names names;
  for (const auto& finding : appraisal.findings.all()) {
    if (finding.outcome == FindingOutcome::fail) names.emplace_back(finding.name());
  }
  return names;
}

// Version 0 of the evidence has arrays of numbers, version 1 hex.
Bytes bytes_in(const json& value) {
  return value.is_array() ? value.get<Bytes>() : hex_decode(value.get<std::string>()).value();
}

// Base64 of either alphabet, with padding or without.
Bytes any_base64(std::string text) {
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  text.resize(text.find_last_not_of('=') + 1);
  return base64url_decode(text).value();
}

// The samples have it bare: RSASSA, SHA-256, its length.
Bytes tpm_signature_around(const Bytes& rsa_signature) {
  Bytes out{0x00, 0x14, 0x00, 0x0b, 0x01, 0x00};
  out.insert(out.end(), rsa_signature.begin(), rsa_signature.end());
  return out;
}

struct Sample {
  explicit Sample(const std::string& name) {
    const json evidence = json::parse(text_of_attest_vector(name));
    const json& quote =
        evidence.contains("quote") ? evidence.at("quote") : evidence.at("tpm_quote");
    attest = bytes_in(quote.at("message"));
    signature = tpm_signature_around(bytes_in(quote.at("signature")));
    std::uint32_t index = 0;
    for (const json& pcr : quote.at("pcrs")) {
      pcrs.push_back({TpmHash::sha256, index++, bytes_in(pcr)});
    }
    const json& held =
        evidence.contains("report") ? evidence.at("report") : evidence.at("hcl_report");
    report = held.is_array() ? held.get<Bytes>() : any_base64(held.get<std::string>());
    if (evidence.contains("td_quote")) td_quote = evidence.at("td_quote").get<Bytes>();
    if (evidence.contains("vcek")) read_chain(evidence.at("vcek").get<std::string>());
  }

  void read_chain(const std::string& vcek) {
    const bool is_pem = vcek.starts_with("-----");
    chain.push_back(is_pem ? crypto::split_pem_chain(bytes_of(vcek), 1).value().at(0)
                           : any_base64(vcek));
    const Bytes pem = read_attest_vector("snp/certs/ask_ark_milan.pem");
    const auto authorities = crypto::split_pem_chain(pem, 2).value();
    chain.insert(chain.end(), authorities.begin(), authorities.end());
  }

  AzureQuote quote() const { return {attest, signature, pcrs}; }

  AzureSnpAppraisal appraise_snp_level(const AzurePolicy& policy) const;

  Bytes attest;
  Bytes signature;
  std::vector<TpmPcr> pcrs;
  Bytes report;
  Bytes td_quote;
  std::vector<Bytes> chain;
};

AzurePolicy azure_policy() {
  const Any nothing{"not asked of a published sample"};
  const auto challenge = bytes_of("challenge");
  return {.quote = {.key_trust = TpmKeyPinned{},
                    .extra_data = Bytes(challenge.begin(), challenge.end()),
                    .selection = std::vector<TpmPcrSelection>{{TpmHash::sha256, 0xffffff}},
                    .pcr_values = nothing,
                    .boot_measured = TpmBootMeasured{},
                    .qualified_signer = nothing,
                    .clock_floor = TpmClockFloor{.reset_count = 1, .restart_count = 0},
                    .firmware_versions = nothing},
          .secure_boot = AzureSecureBoot{}};
}

SnpPolicy snp_policy() {
  const Any nothing{"not asked of a published sample"};
  return {.anchors = {snp_anchors().begin(), snp_anchors().end()},
          .revocation = Any{"no list was published with the sample"},
          .providers = nothing,
          .abi_minimum = SnpAbi{.major = 0, .minor = 31},
          .debug_off = SnpDebugOff{},
          .migration_off = SnpMigrationOff{},
          .smt_off = nothing,
          .single_socket = nothing,
          .tcb_minimum = SnpTcb{.fmc = 0, .boot_loader = 3, .tee = 0, .snp = 8, .microcode = 115},
          .vmpl = 0U,
          .measurements = nothing,
          .host_data = nothing,
          .id_keys = nothing,
          .chips = nothing,
          .report_data = nothing};
}

AzureSnpAppraisal Sample::appraise_snp_level(const AzurePolicy& policy) const {
  return appraise_azure_snp(report, chain, std::nullopt, quote(), snp_policy(), policy,
                            azure_real_at);
}

TEST(AzureVectors, GenuineEvidenceOfSnpMachinesIsAccepted) {
  for (const char* name : {"snp/azure_vtpm_evidence-v0.json", "snp/azure_vtpm_evidence-v1.json"}) {
    const Sample sample(name);
    const auto appraisal = sample.appraise_snp_level(azure_policy());
    EXPECT_EQ(failures_of(appraisal.snp), Names()) << name;
    EXPECT_EQ(failures_of(appraisal.azure), Names()) << name;
    EXPECT_EQ(failures_of(appraisal.azure.quote), Names()) << name;
    EXPECT_EQ(appraisal.verdict, EvidenceVerdict::accepted) << name;
    ASSERT_TRUE(appraisal.azure.quote.verified) << name;
    EXPECT_EQ(appraisal.azure.quote.verified->pcrs.size(), 24U);
    EXPECT_EQ(appraisal.azure.vm_id.value_or("").size(), 36U);
  }
}

// The machine whose report is a file of its own, with the quote that was published for it.
TEST(AzureVectors, TheSeparateReportAndQuoteBelongTogether) {
  Sample sample("snp/azure_vtpm_evidence-v1.json");
  sample.report = read_attest_vector("snp/azure_hcl_report.bin");
  const json quote = json::parse(text_of_attest_vector("tpm/azure_tpm_quote_v1.json"));
  sample.attest = bytes_in(quote.at("message"));
  sample.signature = tpm_signature_around(bytes_in(quote.at("signature")));
  sample.pcrs.clear();
  for (const json& pcr : quote.at("pcrs")) {
    sample.pcrs.push_back(
        {TpmHash::sha256, static_cast<std::uint32_t>(sample.pcrs.size()), bytes_in(pcr)});
  }
  const auto chain = crypto::split_pem_chain(read_attest_vector("snp/azure_vcek.pem"), 3);
  ASSERT_TRUE(chain) << chain.error().message();
  sample.chain = *chain;
  AzurePolicy policy = azure_policy();
  policy.quote.extra_data = Any{"its challenge was not published"};
  policy.quote.clock_floor = Any{"nor when it was enrolled"};
  const auto appraisal = sample.appraise_snp_level(policy);
  EXPECT_EQ(failures_of(appraisal.azure.quote), Names());
  EXPECT_EQ(failures_of(appraisal.snp), Names());
  EXPECT_EQ(appraisal.verdict, EvidenceVerdict::accepted);
}

TEST(AzureVectors, GenuineEvidenceOfATdxMachineIsAccepted) {
  const Sample sample("tpm/azure_tdx_vtpm_evidence-v0.json");
  AzureTeeReport tee{
      .tee = AzureTee::tdx, .verdict = EvidenceVerdict::accepted, .report_data = {{}}};
  // Where a quote of version 4 has it; its own verifier has tests of its own.
  constexpr std::size_t report_data_offset = 568;
  std::copy_n(sample.td_quote.begin() + report_data_offset, 64, tee.report_data->begin());
  const auto appraisal =
      appraise_azure(sample.report, tee, sample.quote(), azure_policy(), azure_real_at);
  EXPECT_EQ(failures_of(appraisal), Names());
  EXPECT_EQ(failures_of(appraisal.quote), Names());
  EXPECT_EQ(appraisal.verdict, EvidenceVerdict::accepted);
  EXPECT_EQ(appraisal.vm_id, "6332533D-5649-4D02-8AA7-8F64B7C3EE21");
  tee.report_data->at(63) ^= 1;
  EXPECT_EQ(failures_of(
                appraise_azure(sample.report, tee, sample.quote(), azure_policy(), azure_real_at)),
            Names{"azure_claims_bound"});
  tee.report_data.reset();
  EXPECT_EQ(failures_of(
                appraise_azure(sample.report, tee, sample.quote(), azure_policy(), azure_real_at)),
            Names{"azure_claims_bound"});
}

TEST(AppraiseAzure, NoLevelStandsInForAnother) {
  const Sample genuine("snp/azure_vtpm_evidence-v0.json");
  struct Change {
    const char* what;
    std::function<void(Sample&)> change;
    Names snp;
    Names azure;
  };
  const Change changes[] = {
      {"report",
       [](auto& s) { s.report[32 + 0x90] ^= 1; },
       {"report_signature"},
       {"azure_tee_report", "azure_claims_bound"}},
      {"claims",
       [](auto& s) { s.report[1236 + 1000] ^= 1; },
       {"report_data"},
       {"azure_tee_report", "azure_claims_bound"}},
      {"claims are no JSON",
       [](auto& s) { s.report[1236] = '['; },
       {"report_data"},
       {"azure_tee_report", "azure_claims_bound", "azure_claims"}},
      {"kind", [](auto& s) { s.report[1224] = 4; }, {}, {"azure_tee_kind"}},
      {"quote", [](auto& s) { s.attest[50] ^= 1; }, {}, {"azure_quote"}},
      {"quote signature", [](auto& s) { s.signature[20] ^= 1; }, {}, {"azure_quote"}},
      {"pcr", [](auto& s) { s.pcrs[7].value[0] ^= 1; }, {}, {"azure_quote"}},
      {"padding", [](auto& s) { s.report.back() = 1; }, {}, {"azure_layout"}},
  };
  for (const Change& each : changes) {
    Sample sample = genuine;
    each.change(sample);
    const auto appraisal = sample.appraise_snp_level(azure_policy());
    if (std::string(each.what) != "kind") {
      EXPECT_EQ(failures_of(appraisal.snp), each.snp) << each.what;
      EXPECT_EQ(failures_of(appraisal.azure), each.azure) << each.what;
    }
    EXPECT_NE(appraisal.verdict, EvidenceVerdict::accepted) << each.what;
    EXPECT_FALSE(appraisal.azure.quote.verified) << each.what;
    EXPECT_FALSE(appraisal.azure.vm_id) << each.what;
  }
}

// The quote of one machine beside the report of another: a relay between two genuine ones.
TEST(AppraiseAzure, RefusesTheQuoteOfAnotherMachine) {
  Sample mixed("snp/azure_vtpm_evidence-v0.json");
  const Sample other("tpm/azure_tdx_vtpm_evidence-v0.json");
  mixed.attest = other.attest;
  mixed.signature = other.signature;
  mixed.pcrs = other.pcrs;
  const auto appraisal = mixed.appraise_snp_level(azure_policy());
  EXPECT_EQ(failures_of(appraisal.azure), Names{"azure_quote"});
  EXPECT_EQ(appraisal.azure.quote.findings.at(TpmCheck::quote_signature).outcome,
            FindingOutcome::fail);
}

TEST(AppraiseAzure, HoldsTheQuoteToThePolicy) {
  const Sample sample("snp/azure_vtpm_evidence-v0.json");
  AzurePolicy policy = azure_policy();
  policy.quote.extra_data = Bytes(32, 0x42);
  auto appraisal = sample.appraise_snp_level(policy);
  EXPECT_EQ(failures_of(appraisal.azure), Names{"azure_quote"});
  EXPECT_EQ(failures_of(appraisal.azure.quote), Names{"extra_data"});
  policy = azure_policy();
  policy.quote.pcr_values = std::vector<TpmPcr>{{TpmHash::sha256, 4, Bytes(32, 0)}};
  EXPECT_EQ(failures_of(sample.appraise_snp_level(policy).azure.quote), Names{"pcr_values"});
}

// Goal: no mutated byte of signed material is accepted. Method: each byte of claims, quote and
// signature, and one in nine of the hardware report, whose own test is whole.
TEST(AppraiseAzure, NoMutatedByteIsAccepted) {
  Sample sample("snp/azure_vtpm_evidence-v0.json");
  const AzurePolicy policy = azure_policy();
  const auto refuses = [&](Bytes& part, std::size_t begin, std::size_t end, std::size_t step) {
    for (std::size_t i = begin; i < end; i += step) {
      part[i] = static_cast<std::uint8_t>(part[i] ^ 0x02U);
      const auto appraisal = sample.appraise_snp_level(policy);
      ASSERT_NE(appraisal.verdict, EvidenceVerdict::accepted) << i;
      ASSERT_FALSE(appraisal.azure.quote.verified) << i;
      part[i] = static_cast<std::uint8_t>(part[i] ^ 0x02U);
    }
  };
  refuses(sample.attest, 0, sample.attest.size(), 1);
  refuses(sample.signature, 0, sample.signature.size(), 5);
  refuses(sample.report, 32, 32 + 1184, 9);
  refuses(sample.report, 1216, sample.report.size(), 3);
}

TEST(ParseAzureReport, RefusesTruncationsOtherKindsAndBounds) {
  const Bytes report = read_attest_vector("snp/azure_hcl_report.bin");
  const auto parsed = parse_azure_report(report);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->claims.size(), 1110U);
  EXPECT_EQ(parsed->claims.back(), '}');
  for (std::size_t length = 0; length < 1236 + 1110; ++length) {
    ASSERT_FALSE(parse_azure_report(ByteView(report).first(length))) << length;
  }
  const auto code = [&](std::size_t offset, std::uint8_t value) {
    Bytes bytes = report;
    bytes[offset] = value;
    const auto changed = parse_azure_report(bytes);
    return changed ? ErrorCode::internal : changed.error().code();
  };
  EXPECT_EQ(code(0, 'h'), ErrorCode::malformed);
  EXPECT_EQ(code(4, 3), ErrorCode::malformed);
  EXPECT_EQ(code(1216, 0), ErrorCode::malformed) << "another size";
  EXPECT_EQ(code(1220, 2), ErrorCode::rejected) << "another version";
  EXPECT_EQ(code(1224, 3), ErrorCode::rejected) << "another kind";
  EXPECT_EQ(code(1228, 0), ErrorCode::rejected) << "no hash";
  EXPECT_EQ(code(1228, 4), ErrorCode::rejected) << "another hash";
  EXPECT_EQ(code(report.size() - 1, 1), ErrorCode::malformed) << "after the claims";
  EXPECT_EQ(parse_azure_report(Bytes(azure_report_bytes_max + 1)).error().code(), ErrorCode::limit);
}

Result<AzureJson> read_json(const std::string& text) {
  return AzureJson::parse(bytes_of(text));
}

TEST(AzureJson, ReadsWhatTheParavisorWrites) {
  const std::string text = R"({"a":[{"b":"c"},{"b":"d","e":[true,false,null,12]}],"f":{}} )";
  const auto read = read_json(text);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->string_at("a/0/b"), "c");
  EXPECT_EQ(read->string_at("a/1/b"), "d");
  EXPECT_EQ(read->boolean_at("a/1/e/0"), true);
  EXPECT_EQ(read->boolean_at("a/1/e/1"), false);
  EXPECT_FALSE(read->string_at("a/1/e/0"));
  EXPECT_FALSE(read->string_at("a"));
  EXPECT_EQ(read->values().size(), 6U);
}

TEST(AzureJson, RefusesEverythingElse) {
  for (const char* text : {"",
                           "{",
                           "[",
                           "{]",
                           "[}",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "[1,]",
                           "[,1]",
                           "{,}",
                           "[1 2]",
                           "{\"a\":1 \"b\":2}",
                           "{\"a\":1,\"a\":2}",
                           "{\"a/b\":1}",
                           "{\"\":1}",
                           "[01]",
                           "[-1]",
                           "[1.5]",
                           "[1e3]",
                           "[tru]",
                           "\"\\u0041\"",
                           "\"\x01\"",
                           "\"\xc3\xa4\"",
                           "\"a",
                           "[1]x",
                           "[1][2]",
                           "[[[[[[[1]]]]]]]"}) {
    EXPECT_FALSE(read_json(text)) << text;
  }
  EXPECT_TRUE(read_json("[[[[[[1]]]]]]"));
  std::string many = "[0";
  for (int i = 1; i < 256; ++i) many += ",0";
  EXPECT_TRUE(read_json(many + "]"));
  EXPECT_EQ(read_json(many + ",0]").error().code(), ErrorCode::limit);
  EXPECT_EQ(read_json(std::string(azure_json_bytes_max + 1, ' ')).error().code(), ErrorCode::limit);
}

TEST(AzureAttestationKey, IsThereOnceAndSignsAlone) {
  const Bytes report = read_attest_vector("snp/azure_hcl_report.bin");
  const auto parsed = parse_azure_report(report);
  const std::string text(text_of(parsed->claims));
  const auto key_after = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    const std::size_t at = changed.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    changed.replace(at, from.size(), to);
    const auto claims = read_json(changed);
    EXPECT_TRUE(claims) << changed;
    return azure_attestation_key(*claims).has_value();
  };
  EXPECT_TRUE(key_after("HCLAkPub", "HCLAkPub"));
  EXPECT_FALSE(key_after("HCLAkPub", "HCLBkPub"));
  EXPECT_FALSE(key_after("HCLEkPub", "HCLAkPub")) << "twice";
  EXPECT_FALSE(key_after("[\"sign\"]", "[\"encrypt\"]"));
  EXPECT_FALSE(key_after("[\"sign\"]", "[\"sign\",\"encrypt\"]"));
  EXPECT_FALSE(key_after("\"RSA\"", "\"EC\""));
  EXPECT_FALSE(key_after("AQAB", "Aw"));
  EXPECT_FALSE(key_after("\"n\":\"", "\"n\":\"AAAA"));
}

}  // namespace
}  // namespace mayfly::attest
