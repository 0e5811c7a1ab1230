#include "certificate/encode.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "base/file_io.hpp"
#include "certificate/canonical_json.hpp"
#include "certificate/decode.hpp"
#include "certificate/field_rules.hpp"
#include "certificate/ids.hpp"
#include "tests/certificate/sample.hpp"

namespace mayfly::certificate {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(EncodeStatement, GivesCanonicalBytesOfInTotoForm) {
  const auto encoded = encode_statement(test::sample_statement());
  ASSERT_TRUE(encoded) << encoded.error().message();
  EXPECT_TRUE(check_canonical(encoded->bytes));
  const std::string_view text = text_of(encoded->bytes);
  EXPECT_THAT(text,
              StartsWith(R"({"_type":"https://in-toto.io/Statement/v1","predicate":{"claim":)"));
  EXPECT_THAT(text,
              HasSubstr(R"("predicateType":"urn:mayfly:execution:v1","subject":[{"digest":)"));
  EXPECT_THAT(text, HasSubstr(R"("name":"claim"})"));
  EXPECT_THAT(text, HasSubstr(R"("name":"dataset"})"));
  EXPECT_THAT(text, HasSubstr(R"("name":"result"}]})"));
}

TEST(EncodeStatement, TheClaimIsASliceWhoseHashIsTheClaimHash) {
  const auto encoded = encode_statement(test::sample_statement());
  ASSERT_TRUE(encoded);
  EXPECT_TRUE(check_canonical(encoded->claim_slice()));
  EXPECT_EQ(encoded->claim_hash, crypto::to_text(crypto::sha256(encoded->claim_slice())));
  EXPECT_EQ(encoded->certificate_id, certificate_id(encoded->bytes));
  EXPECT_TRUE(check_certificate_id(encoded->certificate_id));
}

TEST(EncodeStatement, EveryHashedObjectNamesItsKind) {
  const std::string text(text_of(test::encode_sample()));
  for (const char* const schema :
       {"mayfly/certificate/v1", "mayfly/claim/v1", "mayfly/run/v1", "mayfly/sandbox/v1"}) {
    EXPECT_THAT(text, HasSubstr("\"schema\":\"" + std::string(schema) + "\""));
  }
}

// Goal: the same inputs give the same claim hash. Method: everything that the format calls sorted,
// reversed; everything that belongs to the run, changed.
TEST(EncodeStatement, ClaimHashDependsOnNeitherOrderNorRun) {
  Statement statement = test::sample_statement();
  const auto before = encode_statement(statement);
  Claim& claim = statement.claim;
  std::ranges::reverse(claim.sandbox.environment);
  std::ranges::reverse(claim.sandbox.scripts);
  std::ranges::reverse(claim.sandbox.tools);
  std::ranges::reverse(claim.models);
  std::ranges::reverse(*claim.execution.tool_uses);
  claim.sandbox_hash = test::digest_of("stale");  // set by the encoder, whatever it was
  claim.input_hash = test::digest_of("stale");
  statement.run.run_id = "run_ffffffffffffffffffffffffffffffff";
  statement.run.lifecycle.execution_completed.value += 1;
  const auto after = encode_statement(statement);
  ASSERT_TRUE(before && after);
  EXPECT_EQ(after->claim_hash, before->claim_hash);
  EXPECT_EQ(after->sandbox_hash, before->sandbox_hash);
  EXPECT_NE(after->certificate_id, before->certificate_id);
}

using Change = std::function<void(Statement&)>;

TEST(EncodeStatement, ClaimHashDependsOnEveryPartOfTheClaim) {
  const auto before = encode_statement(test::sample_statement());
  const std::vector<Change> changes = {
      [](Statement& s) { s.claim.dataset_hash = "none"; },
      [](Statement& s) { ++s.claim.dataset_bytes; },
      [](Statement& s) { s.claim.sandbox.command.push_back("-v"); },
      [](Statement& s) { s.claim.sandbox.prompt_hash.reset(); },
      [](Statement& s) { s.claim.sandbox.llm = LlmAccess{.endpoint = "https://h.test"}; },
      [](Statement& s) {
        s.claim.sandbox.llm = LlmAccess{.endpoint = "https://h.test", .calls = 1};
      },
      [](Statement& s) { ++s.claim.limits.pids; },
      [](Statement& s) { s.claim.assertions[0].verdict = "false"; },
      [](Statement& s) { std::ranges::reverse(s.claim.assertions); },
      [](Statement& s) { ++s.claim.files_used.count; },
      [](Statement& s) { s.claim.execution.network_calls.reset(); },
      [](Statement& s) { s.claim.execution.network_calls->clear(); },
      [](Statement& s) { s.claim.result.value.reset(); },
      [](Statement& s) { s.claim.result.exit_code = 1; },
      [](Statement& s) { s.claim.result.truncated = true; },
      [](Statement& s) { (*s.claim.execution.tool_uses)[0].script.reset(); },
  };
  std::vector<std::string> hashes = {before->claim_hash};
  for (const Change& change : changes) {
    Statement statement = test::sample_statement();
    change(statement);
    const auto after = encode_statement(statement);
    ASSERT_TRUE(after) << after.error().message();
    hashes.push_back(after->claim_hash);
  }
  std::ranges::sort(hashes);
  EXPECT_EQ(std::ranges::adjacent_find(hashes), hashes.end());
}

TEST(InputHash, IsKnownBeforeTheRun) {
  Statement statement = test::sample_statement();
  const auto before = input_hash(statement.claim);
  ASSERT_TRUE(before);
  statement.claim.assertions[0].verdict = "unknown";
  statement.claim.result.value.reset();
  statement.claim.result.status = "failed";
  statement.claim.execution = {};
  statement.claim.files_used = {};
  EXPECT_EQ(*input_hash(statement.claim), *before);
  statement.claim.assertions[0].value = "0.9";
  EXPECT_NE(*input_hash(statement.claim), *before);
  EXPECT_EQ(encode_statement(statement)->input_hash, *input_hash(statement.claim));
}

TEST(SandboxHash, IsTheHashOfTheSandboxInTheCertificate) {
  const Bytes certificate = test::encode_sample();
  const auto decoded = decode_certificate(certificate);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*sandbox_hash(test::sample_sandbox()), crypto::sha256(decoded->sandbox_slice));
}

struct Refusal {
  const char* message;
  ErrorCode code;
  Change change;
};

TEST(EncodeStatement, RefusesWhatTheFormatDoesNotAllow) {
  const Refusal refusals[] = {
      {"dataset_hash: must be \"sha256:\"", ErrorCode::malformed,
       [](Statement& s) { s.claim.dataset_hash = "sha256:00"; }},
      {"dataset_bytes: must be an integer", ErrorCode::malformed,
       [](Statement& s) { s.claim.dataset_bytes = -1; }},
      {"limits.pids: must be an integer", ErrorCode::malformed,
       [](Statement& s) { s.claim.limits.pids = std::int64_t{1} << 53; }},
      {"determinism: must be", ErrorCode::malformed,
       [](Statement& s) { s.claim.determinism = "mostly"; }},
      {"result.status: must be", ErrorCode::malformed,
       [](Statement& s) { s.claim.result.status = "ok"; }},
      {"result.exit_code: must be an integer from -128 to 255", ErrorCode::malformed,
       [](Statement& s) { s.claim.result.exit_code = 256; }},
      {"result.value: byte 1:", ErrorCode::malformed,
       [](Statement& s) { s.claim.result.value = "{ }"; }},
      {"result.value: byte 24:", ErrorCode::limit,
       [](Statement& s) { s.claim.result.value = std::string(25, '[') + std::string(25, ']'); }},
      {"execution.tool_uses: two entries are the same", ErrorCode::malformed,
       [](Statement& s) {
         s.claim.execution.tool_uses->push_back(s.claim.execution.tool_uses->front());
       }},
      {"environment: two entries are the same", ErrorCode::malformed,
       [](Statement& s) { s.claim.sandbox.environment = {"A=1", "A=1"}; }},
      {"environment: must be NAME=value", ErrorCode::malformed,
       [](Statement& s) { s.claim.sandbox.environment = {"=1"}; }},
      {"not well-formed UTF-8", ErrorCode::malformed,
       [](Statement& s) { s.claim.sandbox.command = {"\xFF"}; }},
      {"U+0000", ErrorCode::malformed,
       [](Statement& s) { s.claim.sandbox.command = {std::string("a\0", 2)}; }},
      {"assertions.value: must be a plain decimal", ErrorCode::malformed,
       [](Statement& s) { s.claim.assertions[0].value = "0.950"; }},
      {"run_id: must be", ErrorCode::malformed, [](Statement& s) { s.run.run_id = "run_1"; }},
      {"signer: must have 32 to 32", ErrorCode::limit,
       [](Statement& s) { s.run.signer.pop_back(); }},
      {"trace.coverage.network: must be", ErrorCode::malformed,
       [](Statement& s) { s.run.trace.coverage["network"] = "some"; }},
      {"confinement.No Dash: must be a name", ErrorCode::malformed,
       [](Statement& s) { s.run.confinement["No Dash"] = "x"; }},
      {"lifecycle.dataset_loaded: must be an integer", ErrorCode::malformed,
       [](Statement& s) { s.run.lifecycle.dataset_loaded.value = -1; }},
  };
  for (const Refusal& refusal : refusals) {
    Statement statement = test::sample_statement();
    refusal.change(statement);
    const auto encoded = encode_statement(statement);
    ASSERT_FALSE(encoded) << refusal.message;
    EXPECT_THAT(encoded.error().message(), HasSubstr(refusal.message));
    EXPECT_EQ(encoded.error().code(), refusal.code) << encoded.error().message();
  }
}

struct Bound {
  const char* what;
  std::size_t max;
  std::function<void(Statement&, std::size_t)> fill;
};

TEST(EncodeStatement, HoldsEachBoundAtItAndPastIt) {
  const auto text = [](std::size_t size) { return std::string(size, 'x'); };
  const auto distinct = [](std::size_t count) {
    std::vector<std::string> texts;
    texts.reserve(count);
    for (std::size_t i = 0; i < count; ++i) texts.push_back(std::to_string(i));
    return texts;
  };
  const Bound bounds[] = {
      {"argument", argument_bytes_max,
       [&](Statement& s, std::size_t n) { s.claim.sandbox.command = {text(n)}; }},
      {"arguments", list_entries_max,
       [&](Statement& s, std::size_t n) { s.claim.sandbox.command.assign(n, "x"); }},
      {"tools", list_entries_max,
       [&](Statement& s, std::size_t n) { s.claim.sandbox.tools = distinct(n); }},
      {"stages", stages_max,
       [&](Statement& s, std::size_t n) {
         s.claim.sandbox.stages.assign(n, s.claim.sandbox.stages.front());
       }},
      {"image", text_bytes_max,
       [&](Statement& s, std::size_t n) { s.claim.sandbox.image = text(n); }},
      {"policy", word_bytes_max,
       [&](Statement& s, std::size_t n) { s.claim.sandbox.policy = text(n); }},
      {"assertions", assertions_max,
       [](Statement& s, std::size_t n) {
         s.claim.assertions.assign(n,
                                   {.name = "a", .op = "==", .value = "1", .verdict = "unknown"});
       }},
      {"nonce", nonce_bytes_max, [](Statement& s, std::size_t n) { s.run.nonce.assign(n, 1); }},
      {"host", map_entries_max,
       [](Statement& s, std::size_t n) {
         s.run.host.clear();
         for (std::size_t i = 0; i < n; ++i) s.run.host["k" + std::to_string(i)] = "v";
       }},
      {"result.value", result_value_bounds.string_bytes_max,
       [&](Statement& s, std::size_t n) { s.claim.result.value = "\"" + text(n) + "\""; }},
  };
  for (const Bound& bound : bounds) {
    Statement statement = test::sample_statement();
    bound.fill(statement, bound.max);
    const auto at = encode_statement(statement);
    ASSERT_TRUE(at) << bound.what << ": " << at.error().message();
    const auto certificate = encode_certificate(*at, test::sample_proof());
    ASSERT_TRUE(certificate) << bound.what << ": " << certificate.error().message();
    EXPECT_TRUE(decode_certificate(*certificate)) << bound.what;
    bound.fill(statement, bound.max + 1);
    const auto past = encode_statement(statement);
    ASSERT_FALSE(past) << bound.what;
    EXPECT_EQ(past.error().code(), ErrorCode::limit) << bound.what;
  }
}

// Goal: version 1 of the format never changes by accident. Method: its bytes, kept in a file. To
// change it on purpose, run once with MAYFLY_WRITE_GOLDEN=1 and read the difference.
TEST(EncodeCertificate, GivesTheGoldenBytes) {
  Statement least = {.claim = {}, .run = test::sample_run()};
  least.run.signer_p256.reset();
  least.claim.dataset_hash = "none";
  least.claim.dataset_format = "none";
  least.claim.sandbox.image = "host-usr";
  least.claim.sandbox.policy = "default";
  least.claim.result.media_type = "application/octet-stream";
  least.claim.result.status = "failed";
  Proof least_proof = test::sample_proof();
  least_proof.signatures.clear();
  least_proof.timestamps.clear();
  const std::pair<const char*, Bytes> cases[] = {
      {"full.json", test::encode_sample()},
      {"least.json", test::encode_sample(least, least_proof)},
      {"disclosed.json",
       test::encode_sample(test::disclosed_statement(), test::disclosed_proof())}};
  for (const auto& [name, certificate] : cases) {
    const std::string path = std::string(MAYFLY_VECTORS "/certificate/golden/") + name;
    if (std::getenv("MAYFLY_WRITE_GOLDEN") != nullptr) {
      ASSERT_TRUE(write_file(path, certificate));
    }
    const auto golden = read_file(path, json_bytes_max);
    ASSERT_TRUE(golden) << path;
    EXPECT_EQ(text_of(certificate), text_of(*golden)) << path;
    EXPECT_TRUE(decode_certificate(*golden)) << path;
  }
}

TEST(EncodeCertificate, HoldsTheBoundsOfTheProof) {
  const auto statement = encode_statement(test::sample_statement());
  Proof proof = test::sample_proof();
  proof.tee_quote.assign(quote_bytes_max, 1);
  proof.signatures.assign(signatures_max, proof.signatures[0]);
  const auto at = encode_certificate(*statement, proof);
  ASSERT_TRUE(at);
  EXPECT_TRUE(decode_certificate(*at));
  proof.tee_quote.push_back(1);
  EXPECT_EQ(encode_certificate(*statement, proof).error().code(), ErrorCode::limit);
  proof.tee_quote.pop_back();
  proof.signatures.push_back(proof.signatures[0]);
  EXPECT_EQ(encode_certificate(*statement, proof).error().code(), ErrorCode::limit);
  proof.signatures.pop_back();
  proof.timestamps.assign(timestamps_max, Bytes(timestamp_token_bytes_max, 1));
  const auto stamped = encode_certificate(*statement, proof);
  ASSERT_TRUE(stamped);
  EXPECT_TRUE(decode_certificate(*stamped));
  proof.timestamps.back().push_back(1);
  EXPECT_EQ(encode_certificate(*statement, proof).error().code(), ErrorCode::limit);
  proof.timestamps.back().pop_back();
  proof.timestamps.push_back({1});
  EXPECT_EQ(encode_certificate(*statement, proof).error().code(), ErrorCode::limit);
}

// A keyed commitment or no dataset at all has no plain SHA-256 to name.
TEST(EncodeSubject, NamesTheDatasetOnlyByItsOwnHash) {
  Claim claim = test::sample_claim();
  const std::string hash = crypto::to_text(test::digest_of("claim"));
  EXPECT_THAT(*encode_subject(claim, hash), HasSubstr("\"dataset\""));
  claim.dataset_hash = "none";
  EXPECT_THAT(*encode_subject(claim, hash), testing::Not(HasSubstr("\"dataset\"")));
  claim.dataset_hash = test::keyed_hash_of("dataset");
  EXPECT_THAT(*encode_subject(claim, hash), testing::Not(HasSubstr("\"dataset\"")));
}

}  // namespace
}  // namespace mayfly::certificate
