#include "certificate/decode.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "certificate/canonical_json.hpp"
#include "certificate/encode.hpp"
#include "tests/certificate/sample.hpp"

namespace mayfly::certificate {
namespace {

using testing::HasSubstr;

Bytes encode_again(const DecodedCertificate& decoded) {
  return encode_certificate(encode_statement(decoded.statement).value(), decoded.proof).value();
}
// The sample with one text replaced; the text must be there.
std::string changed(std::string_view from, std::string_view to) {
  std::string text(text_of(test::encode_sample()));
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}
std::string refusal(std::string_view certificate) {
  const auto decoded = decode_certificate(bytes_of(certificate));
  return decoded ? "accepted" : decoded.error().message();
}

TEST(DecodeCertificate, GivesBackWhatWasEncoded) {
  const Bytes certificate = test::encode_sample();
  const auto decoded = decode_certificate(certificate);
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(encode_again(*decoded), certificate);
  const auto statement = encode_statement(test::sample_statement());
  EXPECT_EQ(text_of(decoded->statement_slice), text_of(statement->bytes));
  EXPECT_EQ(text_of(decoded->claim_slice), text_of(statement->claim_slice()));
  EXPECT_EQ(decoded->stated_certificate_id, statement->certificate_id);
  EXPECT_EQ(decoded->stated_claim_hash, statement->claim_hash);
  EXPECT_EQ(decoded->statement.claim.sandbox.command, test::sample_sandbox().command);
  EXPECT_EQ(decoded->statement.run.trace.coverage, test::sample_run().trace.coverage);
  EXPECT_EQ(decoded->proof.tee_quote, test::sample_proof().tee_quote);
}

TEST(DecodeCertificate, SlicesBorrowTheInput) {
  const Bytes certificate = test::encode_sample();
  const auto decoded = decode_certificate(certificate);
  ASSERT_TRUE(decoded);
  for (const ByteView slice :
       {decoded->statement_slice, decoded->claim_slice, decoded->sandbox_slice}) {
    EXPECT_GE(slice.data(), certificate.data());
    EXPECT_LE(slice.data() + slice.size(), certificate.data() + certificate.size());
  }
}

TEST(DecodeCertificate, AbsentMembersStayAbsent) {
  Statement statement = test::sample_statement();
  statement.claim.execution = {};
  statement.claim.execution.tool_uses.emplace();  // recorded: none
  statement.claim.sandbox.prompt_hash.reset();
  statement.claim.result.value.reset();
  statement.run.nonce.clear();
  const Bytes certificate = test::encode_sample(statement);
  EXPECT_THAT(std::string(text_of(certificate)), testing::Not(HasSubstr("null")));
  const auto decoded = decode_certificate(certificate);
  ASSERT_TRUE(decoded);
  const Claim& claim = decoded->statement.claim;
  EXPECT_FALSE(claim.execution.llm_calls);
  ASSERT_TRUE(claim.execution.tool_uses);
  EXPECT_TRUE(claim.execution.tool_uses->empty());
  EXPECT_FALSE(claim.sandbox.prompt_hash);
  EXPECT_FALSE(claim.result.value);
  EXPECT_EQ(encode_again(*decoded), certificate);
}

TEST(DecodeCertificate, RefusesEveryTruncation) {
  const Bytes certificate = test::encode_sample();
  for (std::size_t length = 0; length < certificate.size(); ++length) {
    const auto decoded = decode_certificate(ByteView(certificate).first(length));
    ASSERT_FALSE(decoded) << length;
    ASSERT_EQ(decoded.error().code(), ErrorCode::malformed) << length;
  }
}

// Goal: no byte is without meaning. Method: flip each bit; what still decodes must show the change
// in an id, in the proof, or in what the file says of itself.
TEST(DecodeCertificate, EveryFlippedBitIsRefusedOrShows) {
  Proof proof = test::sample_proof();
  proof.tee_quote.resize(8);
  const Bytes certificate = test::encode_sample(test::sample_statement(), proof);
  const auto original = decode_certificate(certificate);
  ASSERT_TRUE(original);
  const auto original_ids = recompute_ids(*original);
  int survivors = 0;
  for (std::size_t at = 0; at < certificate.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes flipped = certificate;
      flipped[at] = static_cast<std::uint8_t>(flipped[at] ^ (1 << bit));
      const auto decoded = decode_certificate(flipped);
      if (!decoded) continue;
      ++survivors;
      const auto ids = recompute_ids(*decoded);
      ASSERT_TRUE(ids);
      const bool in_statement = ids->certificate_id != original_ids->certificate_id;
      const bool in_statements_of_itself =
          decoded->stated_certificate_id != original->stated_certificate_id ||
          decoded->stated_claim_hash != original->stated_claim_hash;
      const bool in_proof = decoded->proof.tee_quote != proof.tee_quote ||
                            decoded->proof.timestamp != proof.timestamp ||
                            decoded->proof.timestamps != proof.timestamps ||
                            decoded->proof.tee_kind != proof.tee_kind ||
                            decoded->proof.tee_format != proof.tee_format ||
                            !std::ranges::equal(decoded->proof.signatures, proof.signatures, {},
                                                &Signature::signature, &Signature::signature) ||
                            !std::ranges::equal(decoded->proof.signatures, proof.signatures, {},
                                                &Signature::public_key, &Signature::public_key);
      ASSERT_TRUE(in_statement || in_statements_of_itself || in_proof) << at << " bit " << bit;
    }
  }
  EXPECT_GT(survivors, 1000);
}

TEST(DecodeCertificate, RefusesAnEmptyListOfTimeStamps) {
  Proof proof = test::sample_proof();
  proof.timestamps = {{1}};
  std::string text(text_of(test::encode_sample(test::sample_statement(), proof)));
  const std::string one = "\"timestamps\":[\"AQ\"]";
  text.replace(text.find(one), one.size(), "\"timestamps\":[]");
  const auto decoded = decode_certificate(bytes_of(text));
  ASSERT_FALSE(decoded);
  EXPECT_THAT(decoded.error().message(), HasSubstr("proof.timestamps"));
}

TEST(DecodeCertificate, RefusesUnknownMembersByName) {
  EXPECT_THAT(refusal(changed("{\"certificate_id\"", "{\"a\":1,\"certificate_id\"")),
              HasSubstr("the document: has the unknown member \"a\""));
  EXPECT_THAT(refusal(changed("\"limits\":{", "\"limits\":{\"about\":1,")),
              HasSubstr("statement.predicate.claim.limits: has the unknown member \"about\""));
  EXPECT_THAT(refusal(changed("\"predicate\":{", "\"predicate\":{\"a\":1,")),
              HasSubstr("statement.predicate: has the unknown member \"a\""));
  EXPECT_THAT(refusal(changed("\"signatures\":[{", "\"signatures\":[{\"a\":1,")),
              HasSubstr("proof.signatures[0]: has the unknown member \"a\""));
  // A hostile name is not repeated.
  EXPECT_THAT(refusal(changed("\"limits\":{", "\"limits\":{\"<b>\":1,")),
              HasSubstr("has the unknown member \"(a name of 3 bytes)\""));
}

TEST(DecodeCertificate, RefusesMissingMembersByName) {
  EXPECT_THAT(refusal(changed("\"pids\":128,", "")),
              HasSubstr("limits: the member \"pids\" is missing"));
  EXPECT_THAT(refusal("{}"), HasSubstr("the document: the member \"schema\" is missing"));
}

TEST(DecodeCertificate, RefusesWrongTypesAndWordsByPath) {
  EXPECT_THAT(refusal(changed("\"pids\":128", "\"pids\":\"128\"")),
              HasSubstr("limits.pids: must be an integer"));
  EXPECT_THAT(refusal(changed("\"pids\":128", "\"pids\":1.5")),
              HasSubstr("limits.pids: must be an integer"));
  EXPECT_THAT(refusal(changed("\"pids\":128", "\"pids\":-1")),
              HasSubstr("limits.pids: must be an integer from 0"));
  EXPECT_THAT(refusal(changed("\"output_truncated\":false", "\"output_truncated\":0")),
              HasSubstr("run.output_truncated: must be true or false"));
  EXPECT_THAT(refusal(changed("\"determinism\":\"seeded\"", "\"determinism\":\"seedeD\"")),
              HasSubstr("claim.determinism: must be"));
  EXPECT_THAT(refusal(changed("mayfly/claim/v1", "mayfly/claim/v2")),
              HasSubstr("claim.schema: must be \"mayfly/claim/v1\""));
  EXPECT_THAT(refusal(changed("mayfly/certificate/v1", "mayfly/certificate/v2")),
              HasSubstr("schema: must be \"mayfly/certificate/v1\""));
  EXPECT_THAT(refusal(changed("\"nonce\":\"01", "\"nonce\":\"0A")), HasSubstr("run.nonce: not"));
  EXPECT_THAT(refusal(changed("\"models\":[\"model-a\",\"model-b\"]",
                              "\"models\":[\"model-b\",\"model-a\"]")),
              HasSubstr("claim.models[1]: must come after"));
  EXPECT_THAT(refusal(changed("\"models\":[\"model-a\"", "\"models\":[null")),
              HasSubstr("claim.models[0]: must be a string"));
  EXPECT_THAT(refusal(changed("\"limits\":{", "\"limits\":[{")), HasSubstr("byte "));
}

TEST(DecodeCertificate, TheSubjectCannotSayAnotherThingThanTheClaim) {
  const std::string text(text_of(test::encode_sample()));
  const std::size_t subject = text.rfind("\"subject\"");
  const std::size_t digest = text.find("\"sha256\":\"", subject) + 10;
  std::string other = text;
  other[digest] = other[digest] == '0' ? '1' : '0';
  EXPECT_THAT(refusal(other), HasSubstr("statement.subject: must name"));
}

TEST(RecomputeIds, FindsEveryHashThatTheFileStates) {
  const Bytes certificate = test::encode_sample();
  const auto decoded = decode_certificate(certificate);
  ASSERT_TRUE(decoded);
  const auto ids = recompute_ids(*decoded);
  ASSERT_TRUE(ids);
  EXPECT_EQ(ids->certificate_id, decoded->stated_certificate_id);
  EXPECT_EQ(ids->claim_hash, decoded->stated_claim_hash);
  EXPECT_EQ(ids->sandbox_hash, decoded->statement.claim.sandbox_hash);
  EXPECT_EQ(ids->input_hash, decoded->statement.claim.input_hash);

  const std::string other = changed("\"main.py\",\"line", "\"main.pz\",\"line");
  const auto other_decoded = decode_certificate(bytes_of(other));
  ASSERT_TRUE(other_decoded) << other_decoded.error().message();
  const auto other_ids = recompute_ids(*other_decoded);
  EXPECT_NE(other_ids->sandbox_hash, other_decoded->statement.claim.sandbox_hash);
  EXPECT_NE(other_ids->claim_hash, other_decoded->stated_claim_hash);
  EXPECT_NE(other_ids->certificate_id, other_decoded->stated_certificate_id);
}

class RandomStatement {
 public:
  explicit RandomStatement(std::uint32_t seed) : random_(seed) {}

  Statement next() {
    Statement statement = test::sample_statement();
    Claim& claim = statement.claim;
    claim.dataset_bytes = number();
    claim.sandbox.command.clear();
    for (std::size_t i = below(4); i > 0; --i) claim.sandbox.command.push_back(text());
    claim.sandbox.tools = distinct_texts();
    claim.models = distinct_texts();
    if (below(2) == 0) claim.sandbox.stages.clear();
    if (below(2) == 0) claim.result.stage.reset();
    if (below(2) == 0) claim.sandbox.prompt_hash.reset();
    if (below(2) == 0) {
      claim.sandbox.llm = {.endpoint = text(), .calls = number(), .cost_microusd = number()};
    }
    if (below(2) == 0) claim.execution.llm_calls.reset();
    claim.execution.tool_uses.emplace();
    for (const std::string& tool : distinct_texts()) {
      claim.execution.tool_uses->push_back({.tool = tool,
                                            .digest = test::digest_of(text()),
                                            .args_hash = test::keyed_hash_of(text()),
                                            .exit_code = static_cast<int>(below(300)) - 64,
                                            .count = number()});
      if (claim.execution.tool_uses->back().exit_code > 255) {
        claim.execution.tool_uses->back().exit_code = 0;
      }
      if (below(2) == 0) claim.execution.tool_uses->back().script = text();
    }
    claim.result.value = *canonicalize(bytes_of("[" + std::to_string(number()) + ",0.5e-7]"));
    claim.result.truncated = below(2) == 0;
    claim.assertions.resize(below(3));
    statement.run.nonce.assign(below(65), static_cast<std::uint8_t>(below(256)));
    statement.run.output_truncated = below(2) == 0;
    statement.run.host = {{"swap", text()}};
    statement.run.usage.cpu_ms = number();
    return statement;
  }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }
  std::int64_t number() { return static_cast<std::int64_t>(random_()) << below(21); }
  std::string text() {
    static constexpr const char* parts[] = {
        "a", "\n", "\"", "\\", "\xE2\x80\x8B", "\x1B", "\xF0\x9F\x98\x80", "/x", " ", "\x7F"};
    std::string text = "t";
    for (std::size_t i = below(6); i > 0; --i) text += parts[below(std::size(parts))];
    return text;
  }
  std::vector<std::string> distinct_texts() {
    std::vector<std::string> texts;
    for (std::size_t i = below(4); i > 0; --i) texts.push_back(std::to_string(i) + text());
    return texts;
  }
  std::mt19937 random_;
};

TEST(DecodeCertificate, RandomStatementsComeBackByteForByte) {
  RandomStatement random(20260822);
  for (int i = 0; i < 2'000; ++i) {
    const Bytes certificate = test::encode_sample(random.next());
    const auto decoded = decode_certificate(certificate);
    ASSERT_TRUE(decoded) << decoded.error().message();
    ASSERT_EQ(encode_again(*decoded), certificate);
    const auto ids = recompute_ids(*decoded);
    ASSERT_EQ(ids->certificate_id, decoded->stated_certificate_id);
    ASSERT_EQ(ids->claim_hash, decoded->stated_claim_hash);
    ASSERT_EQ(ids->sandbox_hash, decoded->statement.claim.sandbox_hash);
    ASSERT_EQ(ids->input_hash, decoded->statement.claim.input_hash);
  }
}

TEST(DecodeCertificate, AttemptsAndLogProofsComeBackByteForByte) {
  Statement statement = test::sample_statement();
  statement.run.attempt = Attempt{.log = "log.example+00000000+AQ==",
                                  .number = 3,
                                  .dataset_total = 17,
                                  .same_input = 2,
                                  .open = 1,
                                  .log_size = 40,
                                  .log_root = test::digest_of("root"),
                                  .study = StudyProgress{.entry = test::digest_of("study"),
                                                         .planned = 5,
                                                         .started = 4,
                                                         .finished = 3,
                                                         .closed = true}};
  Proof proof = test::sample_proof();
  proof.log = LoggedEntry{.entry = {1, 2, 3},
                          .proof = "c2sp.org/tlog-proof@v1\nindex 0\n",
                          .consistency = {test::digest_of("a"), test::digest_of("b")}};
  proof.intent_log = proof.log;
  const Bytes certificate = test::encode_sample(statement, proof);
  const auto decoded = decode_certificate(certificate);
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(encode_again(*decoded), certificate);
  EXPECT_EQ(decoded->statement.run.attempt->dataset_total, 17);
  EXPECT_EQ(decoded->proof.log->consistency.size(), 2U);
}

// A word or an object of these members, and nothing else.
TEST(DecodeCertificate, RefusesAnotherWordForAttempt) {
  const std::string text(text_of(test::encode_sample()));
  const std::string wanted = "\"attempt\":\"uncounted\"";
  for (const std::string_view other : {"\"counted\"", "1", "null", "{}", "[]"}) {
    std::string changed = text;
    changed.replace(changed.find(wanted), wanted.size(), "\"attempt\":" + std::string(other));
    EXPECT_FALSE(decode_certificate(bytes_of(changed))) << other;
  }
}

}  // namespace
}  // namespace mayfly::certificate
