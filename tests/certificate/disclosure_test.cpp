// What a certificate shows of what its statement commits to.
#include "certificate/disclosure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "certificate/describe.hpp"
#include "certificate/encode.hpp"
#include "certificate/field_rules.hpp"
#include "tests/certificate/sample.hpp"

namespace mayfly::certificate {
namespace {

using testing::HasSubstr;
using testing::Not;

Bytes disclosed_sample() {
  return test::encode_sample(test::disclosed_statement(), test::disclosed_proof());
}

TEST(Disclosure, ComesBackByteForByte) {
  const Bytes certificate = disclosed_sample();
  const auto decoded = decode_certificate(certificate);
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(
      encode_certificate(encode_statement(decoded->statement).value(), decoded->proof).value(),
      certificate);
  EXPECT_EQ(decoded->statement.claim.withhold, test::disclosed_statement().claim.withhold);
  EXPECT_EQ(decoded->statement.run.trace.kinds, test::disclosed_statement().run.trace.kinds);
  EXPECT_EQ(decoded->proof.disclosure->trace->events[0].event,
            test::disclosed_proof().disclosure->trace->events[0].event);
}

// Goal: who withholds cannot change what was signed. Method: with every disclosure there is, the
// statement's bytes and the signatures are those from before.
TEST(Disclosure, ChangesNothingThatIsSigned) {
  const Bytes before = disclosed_sample();
  const auto decoded = decode_certificate(before).value();
  for (const bool result : {false, true}) {
    for (const bool trace : {false, true}) {
      Disclosure some = *decoded.proof.disclosure;
      if (!result) some.result.reset();
      if (!trace) some.trace.reset();
      const Bytes after = with_disclosure(decoded, some).value();
      const auto again = decode_certificate(after).value();
      EXPECT_EQ(text_of(again.statement_slice), text_of(decoded.statement_slice));
      EXPECT_EQ(again.proof.signatures[0].signature, decoded.proof.signatures[0].signature);
      EXPECT_EQ(again.stated_certificate_id, decoded.stated_certificate_id);
      EXPECT_EQ(again.proof.disclosure.has_value(), result || trace);
      EXPECT_EQ(after == before, result && trace);
    }
  }
}

TEST(Disclosure, WhatMayBeWithheldIsPartOfTheQuestion) {
  Claim claim = test::sample_claim();
  const auto before = input_hash(claim).value();
  claim.withhold = {"result", "files"};
  const auto after = input_hash(claim).value();
  EXPECT_NE(before, after);
  claim.withhold = {"files", "result"};
  EXPECT_EQ(input_hash(claim).value(), after) << "the order is not what was asked";
}

TEST(Disclosure, RefusesWhatTheFormatDoesNotAllow) {
  using Change = void (*)(Statement&, Proof&);
  const Change changes[] = {
      [](Statement& statement, Proof&) { statement.claim.withhold = {"everything"}; },
      [](Statement& statement, Proof&) { statement.claim.withhold = {"files", "files"}; },
      [](Statement& statement, Proof&) { statement.run.trace.kinds = {{"files", -1}}; },
      [](Statement&, Proof& proof) { proof.disclosure->trace->events[0].salt.pop_back(); },
      [](Statement&, Proof& proof) { proof.disclosure->trace->events[0].index = -1; },
      [](Statement&, Proof& proof) { proof.disclosure->trace->events[0].event = "{\"b\":1,}"; },
      [](Statement&, Proof& proof) { proof.disclosure->result->salt.push_back(1); },
  };
  for (std::size_t i = 0; i < std::size(changes); ++i) {
    Statement statement = test::disclosed_statement();
    Proof proof = test::disclosed_proof();
    changes[i](statement, proof);
    const auto encoded = encode_statement(statement);
    EXPECT_FALSE(encoded && encode_certificate(*encoded, proof)) << i;
  }
}

TEST(Disclosure, HoldsEachBoundAtItAndPastIt) {
  const auto statement = encode_statement(test::disclosed_statement()).value();
  Proof proof = test::disclosed_proof();
  proof.disclosure->result->bytes.assign(shown_result_bytes_max, 'x');
  proof.disclosure->trace->withheld.assign(withheld_hashes_max, Sha256());
  const auto at = encode_certificate(statement, proof);
  ASSERT_TRUE(at) << at.error().message();
  EXPECT_TRUE(decode_certificate(*at));
  Proof past = proof;
  past.disclosure->result->bytes.push_back('x');
  EXPECT_EQ(encode_certificate(statement, past).error().code(), ErrorCode::limit);
  past = proof;
  past.disclosure->trace->withheld.emplace_back();
  EXPECT_EQ(encode_certificate(statement, past).error().code(), ErrorCode::limit);
}

// Goal: what is handed over can be read. Method: as many events as may be, each with many values.
TEST(Disclosure, IsRefusedIfNobodyCouldReadTheWhole) {
  const Bytes before = disclosed_sample();
  const auto decoded = decode_certificate(before).value();
  Disclosure all = *decoded.proof.disclosure;
  const ShownEvent event{.index = 0,
                         .event = "{\"argv\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]}",
                         .salt = Bytes(16, 4)};
  all.trace->events.assign(list_entries_max, event);
  const auto refused = with_disclosure(decoded, all);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::limit);
  EXPECT_THAT(refused.error().message(), HasSubstr("show less"));
}

TEST(Disclosure, AResultIsCommittedToWithASaltThatTheDatasetGives) {
  const Bytes salt = result_salt(crypto::sha256(bytes_of("a dataset")));
  EXPECT_EQ(salt.size(), result_salt_bytes);
  EXPECT_EQ(salt, result_salt(crypto::sha256(bytes_of("a dataset"))));
  EXPECT_NE(salt, result_salt(crypto::sha256(bytes_of("another"))));
  const auto commitment = result_commitment(salt, bytes_of("yes"));
  EXPECT_NE(commitment, crypto::sha256(bytes_of("yes")));
  EXPECT_NE(commitment, result_commitment(salt, bytes_of("no")));
}

TEST(Disclosure, TellsTheKindsOfEventsApart) {
  for (const char* word : {"exec", "exec-denied", "exec-failed", "exit", "refused-call"}) {
    EXPECT_EQ(kind_of_event(word), "executions") << word;
  }
  for (const char* word : {"bind", "connect", "send"}) {
    EXPECT_EQ(kind_of_event(word), "network") << word;
  }
  EXPECT_EQ(kind_of_event("llm"), "llm");
  EXPECT_EQ(kind_of_event("open-read"), "files");
  EXPECT_EQ(kind_of_event("of tomorrow"), "files");
}

TEST(Disclosure, IsDescribedWithoutPassingACommitmentForADigest) {
  const Bytes shown = disclosed_sample();
  const auto decoded = decode_certificate(shown).value();
  const std::string text = describe(decoded);
  EXPECT_THAT(text, HasSubstr("shown           {\"pii_found\":0}"));
  EXPECT_THAT(text, HasSubstr("events shown    1 of 3"));
  EXPECT_THAT(text, Not(HasSubstr("WITHHELD")));
  const Bytes without = with_disclosure(decoded, std::nullopt).value();
  const std::string other = describe(decode_certificate(without).value());
  EXPECT_THAT(other, HasSubstr("WITHHELD"));
  EXPECT_THAT(other, HasSubstr("commitment      sha256:"));
  EXPECT_THAT(other, Not(HasSubstr("pii_found\":0")));
}

}  // namespace
}  // namespace mayfly::certificate
