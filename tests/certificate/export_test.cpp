#include "certificate/export.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text_encoding.hpp"
#include "certificate/canonical_document.hpp"
#include "certificate/describe.hpp"
#include "certificate/dsse.hpp"
#include "tests/certificate/sample.hpp"

namespace mayfly::certificate {
namespace {

using testing::HasSubstr;
using testing::Not;

Bytes exported(ExportFormat format, const Bytes& certificate = test::encode_sample()) {
  auto bytes = export_certificate(certificate, format);
  EXPECT_TRUE(bytes) << bytes.error().message();
  return bytes ? *bytes : Bytes{};
}

TEST(ExportCertificate, SummaryHasTheFlatNames) {
  const Bytes bytes = exported(ExportFormat::summary);
  const auto document = CanonicalDocument::parse(bytes);
  ASSERT_TRUE(document);
  const auto at = [&](std::initializer_list<std::string_view> path) {
    JsonValue value = document->root();
    for (const std::string_view name : path) {
      EXPECT_TRUE(value.find(name)) << name;
      value = *value.find(name);
    }
    return value;
  };
  EXPECT_THAT(*at({"certificate_id"}).string(), testing::StartsWith("cert_"));
  EXPECT_EQ(*at({"dataset_hash"}).string(), test::sample_claim().dataset_hash);
  EXPECT_THAT(*at({"sandbox_hash"}).string(), testing::StartsWith("sha256:"));
  const auto grep = *at({"execution", "tool_uses"}).first_child();
  EXPECT_EQ(*grep.find("tool")->string(), "grep");
  EXPECT_EQ(*grep.find("count")->integer(), 47);
  EXPECT_EQ(*grep.find("exit_code")->integer(), -9);
  EXPECT_EQ(*grep.find("args_hash")->string(), test::keyed_hash_of("grep x"));
  EXPECT_EQ(*grep.find("pattern")->string(), test::keyed_hash_of("grep x"));
  EXPECT_FALSE(grep.find("script"));
  const auto python = *grep.next_sibling();
  EXPECT_EQ(*python.find("tool")->string(), "python");
  EXPECT_EQ(*python.find("script")->string(), "main.py");
  EXPECT_EQ(*python.find("exit_code")->integer(), 0);
  EXPECT_FALSE(python.find("pattern"));
  EXPECT_FALSE(*at({"execution", "truncated"}).boolean());
  const auto call = *at({"execution", "llm_calls"}).first_child();
  EXPECT_EQ(*call.find("model")->string(), "model-a");
  EXPECT_EQ(*call.find("tokens_used")->integer(), 512);
  EXPECT_TRUE(call.find("prompt_hash"));
  EXPECT_EQ(*at({"execution", "result", "pii_found"}).integer(), 0);
  EXPECT_THAT(*at({"proof", "tee_attestation"}).string(), testing::StartsWith("0x"));
  EXPECT_TRUE(base64url_decode(*at({"proof", "tee_quote"}).string()));
  EXPECT_EQ(*at({"proof", "timestamp"}).string(), "2026-01-01T00:00:01.030Z");
  EXPECT_EQ(*at({"proof", "dataset_hash"}).string(), test::sample_claim().dataset_hash);
  EXPECT_EQ(*at({"lifecycle", "dataset_loaded"}).string(), "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(*at({"lifecycle", "sandbox_destroyed"}).string(), "2026-01-01T00:00:01.020Z");
  EXPECT_EQ(*at({"lifecycle", "execution_time_ms"}).integer(), 900);
  EXPECT_TRUE(*at({"lifecycle", "dataset_is_deleted"}).boolean());
}

TEST(ExportCertificate, SummaryOfAResultThatIsNoJsonGivesItsDigest) {
  Statement statement = test::sample_statement();
  statement.claim.result.value.reset();
  const Bytes bytes = exported(ExportFormat::summary, test::encode_sample(statement));
  EXPECT_THAT(std::string(text_of(bytes)), HasSubstr("\"result\":{\"digest\":\"sha256:"));
}

TEST(ExportCertificate, ClaimAndStatementAreTheHashedSlices) {
  const auto statement = encode_statement(test::sample_statement());
  EXPECT_EQ(text_of(exported(ExportFormat::statement)), text_of(statement->bytes));
  EXPECT_EQ(text_of(exported(ExportFormat::claim)), text_of(statement->claim_slice()));
}

TEST(ExportCertificate, DsseEnvelopeCarriesTheSignedPayload) {
  const Bytes bytes = exported(ExportFormat::dsse);
  const auto document = CanonicalDocument::parse(bytes);
  ASSERT_TRUE(document) << document.error().message();
  EXPECT_EQ(*document->root().find("payloadType")->string(), in_toto_payload_type);
  std::string payload = *document->root().find("payload")->string();
  EXPECT_EQ(payload.size() % 4, 0U);
  std::erase(payload, '=');
  std::ranges::replace(payload, '+', '-');
  std::ranges::replace(payload, '/', '_');
  const auto decoded = base64url_decode(payload);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(text_of(*decoded), text_of(encode_statement(test::sample_statement())->bytes));
  const auto signature = *document->root().find("signatures")->first_child();
  EXPECT_EQ(*signature.find("keyid")->string(), hex_encode(Bytes(32, 7)));
  EXPECT_EQ(signature.find("sig")->string()->size(), 88U);
}

// What it means to other tools is tests/certificate/other_tools_test.py's.
TEST(ExportCertificate, SigstoreBundleHasTheSecondSignatureAlone) {
  const Bytes bytes = exported(ExportFormat::sigstore);
  const auto document = CanonicalDocument::parse(bytes);
  ASSERT_TRUE(document) << document.error().message();
  const JsonValue root = document->root();
  EXPECT_EQ(*root.find("mediaType")->string(), sigstore_bundle_media_type);
  const JsonValue signatures = *root.find("dsseEnvelope")->find("signatures");
  EXPECT_EQ(*signatures.first_child()->find("keyid")->string(), hex_encode(Bytes(64, 8)));
  EXPECT_FALSE(signatures.first_child()->next_sibling());
  const JsonValue material = *root.find("verificationMaterial");
  EXPECT_EQ(base64_decode(*material.find("publicKey")->find("hint")->string())->size(), 32U);
  EXPECT_FALSE(material.find("tlogEntries")->first_child());
  const JsonValue stamps = *material.find("timestampVerificationData")->find("rfc3161Timestamps");
  EXPECT_FALSE(stamps.first_child()->next_sibling()) << "the second is over the first";
}

TEST(ExportCertificate, OfOneWithoutASecondSignatureSaysSo) {
  Statement statement = test::sample_statement();
  statement.run.signer_p256.reset();
  Proof proof = test::sample_proof();
  proof.signatures.pop_back();
  const Bytes certificate = test::encode_sample(statement, proof);
  for (const auto format : {ExportFormat::sigstore, ExportFormat::p256_key}) {
    const auto made = export_certificate(certificate, format);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code(), ErrorCode::unavailable);
  }
  EXPECT_TRUE(export_certificate(certificate, ExportFormat::dsse));
}

TEST(ExportCertificate, RefusesWhatIsNoCertificate) {
  EXPECT_FALSE(export_certificate(bytes_of("{}"), ExportFormat::claim));
  EXPECT_FALSE(export_format_from_string("yaml"));
  EXPECT_EQ(*export_format_from_string("dsse"), ExportFormat::dsse);
}

std::string described(const Statement& statement, const Proof& proof = test::sample_proof()) {
  const Bytes certificate = test::encode_sample(statement, proof);
  return describe(*decode_certificate(certificate));
}

TEST(Describe, SaysResultFirstAndThatItIsSimulated) {
  const std::string text = described(test::sample_statement());
  EXPECT_LT(text.find("\"pii_found\":0"), text.find("What ran over what"));
  EXPECT_THAT(text, HasSubstr("SIMULATED"));
  EXPECT_THAT(text, HasSubstr("holds           metrics.accuracy >= 0.95"));
  EXPECT_THAT(text, HasSubstr("grep: 47 times, exit code -9"));
  EXPECT_THAT(text, HasSubstr("file operations read: 1 file, 9 times"));
  EXPECT_THAT(text, HasSubstr("1,234,567 bytes of csv"));
  EXPECT_THAT(text, HasSubstr("dataset gone    2026-01-01T00:00:01.010Z"));
}

TEST(Describe, SaysSoWhenAnAssertionFailsOrSomethingIsLeft) {
  Statement statement = test::sample_statement();
  statement.claim.assertions[0].verdict = "false";
  statement.run.wipe.residue = 2;
  const std::string text = described(statement);
  EXPECT_THAT(text, HasSubstr("DOES NOT HOLD   metrics.accuracy >= 0.95"));
  EXPECT_THAT(text, HasSubstr("2 THINGS"));
}

TEST(Describe, SaysOfAnAbsentListWhetherItWasBlockedOrNotRecorded) {
  Statement statement = test::sample_statement();
  statement.claim.execution.network_calls.reset();
  statement.run.trace.coverage["network"] = "blocked";
  EXPECT_THAT(described(statement),
              HasSubstr("network calls   blocked; attempts are not recorded"));
  statement.run.trace.coverage["network"] = "not-recorded";
  EXPECT_THAT(described(statement), HasSubstr("network calls   not recorded"));
  statement.run.trace.coverage.erase("network");
  EXPECT_THAT(described(statement), HasSubstr("network calls   not recorded"));
}

TEST(Describe, SaysWhenTheResultWasCut) {
  Statement statement = test::sample_statement();
  EXPECT_THAT(described(statement), Not(HasSubstr("CUT")));
  statement.claim.result.truncated = true;
  statement.claim.result.value.reset();
  statement.claim.assertions[0].verdict = "unknown";
  const std::string text = described(statement);
  EXPECT_THAT(text, HasSubstr("CUT             the job printed more than the 1,048,576 bytes"));
  EXPECT_THAT(text, HasSubstr("UNKNOWN: the output was cut metrics.accuracy >= 0.95"));
}

TEST(Describe, SaysSimulatedIfEitherSideDoes) {
  Statement statement = test::sample_statement();
  Proof proof = test::sample_proof();
  proof.tee_kind = "tdx";
  EXPECT_THAT(described(statement, proof), HasSubstr("SIMULATED"));
  statement.run.tee = "tdx";
  statement.run.assurance = "native+tdx";
  EXPECT_THAT(described(statement, proof), Not(HasSubstr("SIMULATED")));
}

// Goal: nothing in a certificate can act on a terminal. Method: hostile text in every free field.
// NOLINTBEGIN(misc-misleading-bidirectional): that is what is tested.
TEST(Describe, ShowsHostileTextInert) {
  const std::string hostile = "\x1B[2J\r\n\xE2\x80\xAEgpj\xC2\x9B\x07 SIMULATED";
  Statement statement = test::sample_statement();
  statement.claim.sandbox.command = {hostile};
  statement.claim.sandbox.image = hostile;
  statement.claim.sandbox.tools = {hostile};
  statement.claim.sandbox.scripts[0].name = hostile;
  (*statement.claim.execution.tool_uses)[0].tool = hostile;
  (*statement.claim.execution.llm_calls)[0].model = hostile;
  (*statement.claim.execution.network_calls)[0].destination = hostile;
  statement.claim.result.value = "\"\xE2\x80\xAE\x7F\"";
  statement.run.wipe.scanned = {hostile};
  statement.run.software.version = hostile;
  const std::string text = described(statement);
  EXPECT_THAT(text, Not(HasSubstr("\x1B")));
  EXPECT_THAT(text, Not(HasSubstr("\r")));
  EXPECT_THAT(text, Not(HasSubstr("\x07")));
  EXPECT_THAT(text, Not(HasSubstr("\x7F")));
  EXPECT_THAT(text, Not(HasSubstr("\xE2\x80\xAE")));
  EXPECT_THAT(text, Not(HasSubstr("\xC2\x9B")));
  EXPECT_THAT(text, HasSubstr("\\u{1b}[2J\\u{d}\\u{a}\\u{202e}gpj\\u{9b}\\u{7}"));
}
// NOLINTEND(misc-misleading-bidirectional)

TEST(InertText, KeepsWordsOfEveryScriptAndCutsLongOnes) {
  const std::string words = "d\xC3\xA9j\xC3\xA0 \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x98\x80";
  EXPECT_EQ(inert_text(words, 100), words);
  EXPECT_EQ(inert_text("\xFF", 100), "\\x{ff}");
  EXPECT_EQ(inert_text(std::string(50, 'x'), 10), "xxxxxxxxxx... (50 bytes in all)");
  EXPECT_EQ(inert_text("xxxxxxxxxx", 10), "xxxxxxxxxx");
}

}  // namespace
}  // namespace mayfly::certificate
