// AWS Nitro documents: tests/vectors/attest/nitro, whose MANIFEST.tsv says what each must give.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "attest/model/cbor_reader.hpp"
#include "attest/verify/nitro_anchor.hpp"
#include "attest/verify/nitro_verify.hpp"
#include "base/text_encoding.hpp"
#include "crypto/pem.hpp"
#include "tests/attest/tpm_vectors.hpp"

namespace mayfly::attest {
namespace {

using Names = std::vector<std::string>;

constexpr UnixMillis dstack_at{1766668600000};     // a minute after it was made
constexpr UnixMillis evervault_at{1665651490000};  // 8 seconds after
constexpr std::int64_t minute_ms = 60'000;

Names failed_nitro_checks(const NitroAppraisal& appraisal) {
  Names names;
  for (const auto& finding : appraisal.findings.all()) {
    if (finding.outcome == FindingOutcome::fail) names.emplace_back(finding.name());
  }
  return names;
}

// Wants of a document what it has.
NitroPolicy policy_for(const Bytes& document) {
  const auto parsed = parse_nitro_document(document);
  EXPECT_TRUE(parsed) << parsed.error().message();
  const auto owned = [](const std::optional<ByteView>& field) {
    return field ? Bytes(field->begin(), field->end()) : Bytes();
  };
  return {.anchors = {nitro_anchor()},
          .age = NitroAge{.age_ms_max = 5 * minute_ms, .ahead_ms_max = 0},
          .debug_off = NitroDebugOff{},
          .pcr_values = std::vector<NitroPcr>{*parsed->pcr(0), *parsed->pcr(1), *parsed->pcr(2)},
          .nonce = owned(parsed->nonce),
          .user_data = owned(parsed->user_data),
          .public_key = owned(parsed->public_key)};
}

TEST(NitroVectors, GenuineDocumentsAreAccepted) {
  const std::pair<const char*, UnixMillis> documents[] = {
      {"nitro/dstack_1.bin", dstack_at}, {"nitro/evervault_2022_nonce.bin", evervault_at}};
  for (const auto& [name, at] : documents) {
    const Bytes document = read_attest_vector(name);
    const NitroAppraisal appraisal = appraise_nitro(document, policy_for(document), at);
    EXPECT_EQ(failed_nitro_checks(appraisal), Names()) << name;
    EXPECT_EQ(appraisal.verdict, EvidenceVerdict::accepted) << name;
    ASSERT_TRUE(appraisal.verified) << name;
    EXPECT_EQ(appraisal.verified->pcrs.size(), 16U);
  }
  const Bytes dstack = read_attest_vector("nitro/dstack_1.bin");
  const auto verified = appraise_nitro(dstack, policy_for(dstack), dstack_at).verified;
  EXPECT_EQ(verified->module_id, "i-0827e799ec9232d44-enc019b55a68bd2ed4b");
  EXPECT_EQ(verified->timestamp.value, 1766668537578);
  EXPECT_EQ(verified->user_data.size(), 64U);
}

TEST(NitroVectors, ADebugEnclaveIsRefused) {
  const Bytes document = read_attest_vector("nitro/evervault_2022_debug.bin");
  const NitroAppraisal appraisal =
      appraise_nitro(document, policy_for(document), UnixMillis{1665582606081});
  EXPECT_EQ(failed_nitro_checks(appraisal), Names{"debug_off"});
  EXPECT_EQ(appraisal.verdict, EvidenceVerdict::rejected);
  ASSERT_TRUE(appraisal.verified) << "genuine, though of no worth";
  EXPECT_EQ(text_of(appraisal.verified->user_data), "hello, world!");
  EXPECT_EQ(text_of(appraisal.verified->public_key), "my super secret key");
}

TEST(NitroVectors, AChangedPayloadIsRefused) {
  const Bytes document = read_attest_vector("nitro/neg_payload_flip.bin");
  const NitroAppraisal appraisal = appraise_nitro(
      document, policy_for(read_attest_vector("nitro/evervault_2022_nonce.bin")), evervault_at);
  const auto& signature = appraisal.findings.at(NitroCheck::document_signature);
  EXPECT_EQ(signature.outcome, FindingOutcome::fail);
  EXPECT_EQ(appraisal.verdict, EvidenceVerdict::rejected);
  EXPECT_FALSE(appraisal.verified);
}

TEST(NitroVectors, TheRootIsTheOneAwsPublishes) {
  const auto pem = crypto::split_pem_chain(
      read_attest_vector("nitro/AWS_NitroEnclaves_Root-G1.pem"), /*certificates_max=*/1);
  ASSERT_TRUE(pem);
  EXPECT_TRUE(std::ranges::equal(pem->front(), nitro_anchor()));
  EXPECT_EQ(hex_encode(crypto::sha256(nitro_anchor()).bytes),
            "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b");
}

TEST(AppraiseNitro, EachDemandOfThePolicyIsACheckOfItsOwn) {
  const Bytes document = read_attest_vector("nitro/dstack_1.bin");
  struct Change {
    const char* what;
    std::function<void(NitroPolicy&, UnixMillis&)> change;
    Names failed;
  };
  const Change changes[] = {
      {"no anchor", [](auto& policy, auto&) { policy.anchors = {}; }, {"chain_anchor"}},
      {"too old", [](auto&, auto& at) { at.value += 10 * minute_ms; }, {"document_age"}},
      {"in the future", [](auto&, auto& at) { at.value -= 2 * minute_ms; }, {"document_age"}},
      {"nonce", [](auto& policy, auto&) { policy.nonce = Bytes{1}; }, {"nonce"}},
      {"user data", [](auto& policy, auto&) { policy.user_data = Bytes(63, 0); }, {"user_data"}},
      {"public key", [](auto& policy, auto&) { policy.public_key = Bytes{1}; }, {"public_key"}},
      {"no values",
       [](auto& policy, auto&) { policy.pcr_values = std::vector<NitroPcr>{}; },
       {"pcr_values"}},
      {"another value",
       [](auto& policy, auto&) {
         policy.pcr_values = std::vector<NitroPcr>{{.index = 2, .value = {}}};
       },
       {"pcr_values"}},
      {"a PCR that is not there",
       [](auto& policy, auto&) {
         policy.pcr_values = std::vector<NitroPcr>{{.index = 16, .value = {}}};
       },
       {"pcr_values"}},
      {"no reason", [](auto& policy, auto&) { policy.nonce = Any{}; }, {"nonce"}},
  };
  for (const Change& each : changes) {
    NitroPolicy policy = policy_for(document);
    UnixMillis at = dstack_at;
    each.change(policy, at);
    const NitroAppraisal appraisal = appraise_nitro(document, policy, at);
    EXPECT_EQ(failed_nitro_checks(appraisal), each.failed) << each.what;
    EXPECT_EQ(appraisal.verdict, EvidenceVerdict::rejected) << each.what;
  }
  NitroPolicy waived = policy_for(document);
  waived.age = Any{"appraised at the time of issue"};
  EXPECT_EQ(appraise_nitro(document, waived, UnixMillis{1795000000000}).verdict,
            EvidenceVerdict::accepted);
}

// Goal: no changed byte is accepted. Method: every byte outside the payload, one in 13 of it.
TEST(AppraiseNitro, NoMutatedByteIsAccepted) {
  const Bytes original = read_attest_vector("nitro/dstack_1.bin");
  const NitroPolicy policy = policy_for(original);
  Bytes document = original;
  for (std::size_t i = 0; i < document.size(); i += (i < 20 || i > 4425) ? 1 : 13) {
    document[i] = static_cast<std::uint8_t>(document[i] ^ (i % 2 == 0 ? 0x01U : 0x20U));
    const NitroAppraisal appraisal = appraise_nitro(document, policy, dstack_at);
    ASSERT_NE(appraisal.verdict, EvidenceVerdict::accepted) << i;
    ASSERT_FALSE(appraisal.verified) << i;
    document[i] = original[i];
  }
}

TEST(AppraiseNitro, ReportsEveryCheckOnce) {
  const Bytes document = read_attest_vector("nitro/dstack_1.bin");
  for (const Bytes& bytes : {document, Bytes()}) {
    const auto appraisal = appraise_nitro(bytes, policy_for(document), dstack_at);
    ASSERT_EQ(appraisal.findings.all().size(), CheckTable<NitroCheck>::rows.size());
    for (std::size_t i = 0; i < appraisal.findings.all().size(); ++i) {
      const auto& finding = appraisal.findings.all()[i];
      EXPECT_EQ(finding.check, static_cast<NitroCheck>(i));
      EXPECT_EQ(finding.detail.empty(), finding.outcome == FindingOutcome::pass);
    }
  }
}

TEST(ParseNitroDocument, RefusesEveryTruncationAndExtension) {
  const Bytes document = read_attest_vector("nitro/dstack_1.bin");
  for (std::size_t length = 0; length < document.size(); ++length) {
    ASSERT_FALSE(parse_nitro_document(ByteView(document).first(length))) << length;
  }
  Bytes longer = document;
  longer.push_back(0);
  EXPECT_FALSE(parse_nitro_document(longer));
  EXPECT_EQ(parse_nitro_document(Bytes(nitro_document_bytes_max + 1)).error().code(),
            ErrorCode::limit);
  EXPECT_EQ(parse_nitro_document(Bytes(nitro_document_bytes_max)).error().code(),
            ErrorCode::malformed);
}

TEST(ParseNitroDocument, TakesTheTagOfCoseAndNoOther) {
  Bytes document = read_attest_vector("nitro/dstack_1.bin");
  document.insert(document.begin(), 0xd2);
  EXPECT_TRUE(parse_nitro_document(document));
  document[0] = 0xd1;
  EXPECT_FALSE(parse_nitro_document(document));
}

// A document around a payload that a test writes; its signature is none.
Bytes around(const Bytes& payload, const std::string& protected_header = "44a1013822") {
  Bytes out = hex_decode("84" + protected_header + "a059").value();
  out.push_back(static_cast<std::uint8_t>(payload.size() >> 8U));
  out.push_back(static_cast<std::uint8_t>(payload.size()));
  out.insert(out.end(), payload.begin(), payload.end());
  out.insert(out.end(), {0x58, 0x60});
  out.resize(out.size() + 96, 0x11);
  return out;
}

std::string text_item(const std::string& text) {
  return hex_encode(Bytes{static_cast<std::uint8_t>(0x60 + text.size())}) +
         hex_encode(bytes_of(text));
}

// Each member as hex of CBOR.
std::vector<std::pair<std::string, std::string>> members() {
  return {{"module_id", text_item("m")},
          {"digest", text_item("SHA384")},
          {"timestamp", "1b0000018301020304"},
          {"pcrs", "a1005830" + std::string(96, '1')},
          {"certificate", "4101"},
          {"cabundle", "814101"}};
}

Bytes payload_of(const std::vector<std::pair<std::string, std::string>>& pairs,
                 const std::string& head = "") {
  std::string hex =
      head.empty() ? hex_encode(Bytes{static_cast<std::uint8_t>(0xa0 + pairs.size())}) : head;
  for (const auto& [name, value] : pairs) hex += text_item(name) + value;
  Bytes out = hex_decode(hex).value();
  // Every member here is below 256 bytes, so a payload's length always needs its second byte.
  out.reserve(256);
  return out;
}

ErrorCode refusal(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Bytes payload = payload_of(pairs);
  const auto parsed = parse_nitro_document(around(payload));
  return parsed ? ErrorCode::internal : parsed.error().code();
}

TEST(ParseNitroDocument, RefusesWhatStrictCborHasNot) {
  auto pairs = members();
  // Long enough that the length of the payload is in its shortest form.
  pairs[4].second = "590100" + std::string(512, '0');
  ASSERT_EQ(refusal(pairs), ErrorCode::internal) << "what is changed below must be accepted";
  const auto with = [&](std::size_t index, const std::string& value) {
    auto changed = pairs;
    changed[index].second = value;
    return refusal(changed);
  };
  EXPECT_EQ(with(0, "7f616dff"), ErrorCode::malformed) << "indefinite text";
  EXPECT_EQ(with(0, "61c3"), ErrorCode::malformed) << "not ASCII";
  EXPECT_EQ(with(1, text_item("SHA256")), ErrorCode::rejected);
  EXPECT_EQ(with(2, "1a00000001"), ErrorCode::malformed) << "longer than needed";
  EXPECT_EQ(with(2, "20"), ErrorCode::malformed) << "before 1970";
  EXPECT_EQ(with(2, "1b7fffffffffffffff"), ErrorCode::malformed) << "after 9999";
  EXPECT_EQ(with(2, "fb3ff0000000000000"), ErrorCode::malformed) << "a float";
  const std::string pcr = "005830" + std::string(96, '1');
  EXPECT_EQ(with(3, "a2" + pcr + pcr), ErrorCode::malformed) << "twice";
  EXPECT_EQ(with(3, "bf" + pcr + "ff"), ErrorCode::malformed) << "indefinite map within";
  EXPECT_EQ(with(3, "a1004101"), ErrorCode::malformed) << "short digest";
  EXPECT_EQ(with(3, "a118205830" + std::string(96, '1')), ErrorCode::malformed) << "PCR 32";
  EXPECT_EQ(with(3, "b821"), ErrorCode::limit) << "33 pairs";
  EXPECT_EQ(with(5, "9f4101ff"), ErrorCode::malformed) << "indefinite array";
  EXPECT_EQ(with(5, "88"), ErrorCode::limit) << "8 certificates";
  EXPECT_EQ(with(4, "590401" + std::string(2050, '0')), ErrorCode::limit) << "1025 bytes";
  auto twice = pairs;
  twice.push_back(pairs[0]);
  EXPECT_EQ(refusal(twice), ErrorCode::malformed);
  auto unknown = pairs;
  unknown.emplace_back("extra", "f6");
  EXPECT_EQ(refusal(unknown), ErrorCode::malformed);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    auto missing = pairs;
    missing.erase(missing.begin() + static_cast<std::ptrdiff_t>(i));
    missing.emplace_back("nonce", "590100" + std::string(512, '0'));
    EXPECT_EQ(refusal(missing), ErrorCode::malformed) << pairs[i].first;
  }
  auto long_nonce = pairs;
  long_nonce.emplace_back("nonce", "590201" + std::string(1026, '0'));
  EXPECT_EQ(refusal(long_nonce), ErrorCode::limit) << "513 bytes";
}

TEST(ParseNitroDocument, TakesTheIndefiniteMapThatHypervisorsWriteAndEndsIt) {
  auto pairs = members();
  pairs[4].second = "590100" + std::string(512, '0');
  Bytes payload = payload_of(pairs, "bf");
  EXPECT_FALSE(parse_nitro_document(around(payload))) << "never ended";
  payload.push_back(0xff);
  EXPECT_TRUE(parse_nitro_document(around(payload)));
  payload.push_back(0xff);
  EXPECT_FALSE(parse_nitro_document(around(payload)));
}

TEST(ParseNitroDocument, RefusesOtherAlgorithmsAndHeaders) {
  auto pairs = members();
  pairs[4].second = "590100" + std::string(512, '0');
  const Bytes payload = payload_of(pairs);
  const auto code = [&](const std::string& header) {
    const auto parsed = parse_nitro_document(around(payload, header));
    return parsed ? ErrorCode::internal : parsed.error().code();
  };
  EXPECT_EQ(code("44a1013822"), ErrorCode::internal);
  EXPECT_EQ(code("43a10126"), ErrorCode::rejected) << "ES256";
  EXPECT_EQ(code("41a0"), ErrorCode::malformed) << "none";
  EXPECT_EQ(code("40"), ErrorCode::malformed) << "empty";
  EXPECT_EQ(code("47a20138220101"), ErrorCode::malformed);
  EXPECT_EQ(code("45bf013822ff"), ErrorCode::malformed) << "indefinite";
}

TEST(CborReader, ReadsHeadsInTheirShortestFormOnly) {
  const std::pair<const char*, std::uint64_t> numbers[] = {{"17", 23},
                                                           {"1818", 24},
                                                           {"18ff", 255},
                                                           {"190100", 256},
                                                           {"1a00010000", 65536},
                                                           {"1b0000000100000000", 4294967296},
                                                           {"1bffffffffffffffff", UINT64_MAX}};
  for (const auto& [hex, value] : numbers) {
    const Bytes bytes = hex_decode(hex).value();
    EXPECT_EQ(CborReader(bytes).take_unsigned().value(), value);
    EXPECT_FALSE(CborReader(ByteView(bytes).first(bytes.size() - 1)).take_unsigned());
  }
  for (const char* hex : {"1817", "1900ff", "1a0000ffff", "1b00000000ffffffff", "1c", "1f"}) {
    EXPECT_FALSE(CborReader(hex_decode(hex).value()).take_unsigned()) << hex;
  }
  EXPECT_EQ(CborReader(hex_decode("3822").value()).take_integer().value(), -35);
  EXPECT_FALSE(CborReader(hex_decode("3bffffffffffffffff").value()).take_integer());
}

}  // namespace
}  // namespace mayfly::attest
