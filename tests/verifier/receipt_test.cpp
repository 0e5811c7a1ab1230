#include "verifier/receipt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/verifier/certificate_builder.hpp"
#include "tests/verifier/logged_draft.hpp"
#include "transparency/note_signer.hpp"

namespace mayfly::verifier {
namespace {

using testing::HasSubstr;

const std::string table_text = R"({
  "schema": "mayfly/price-table/v1", "name": "standard", "currency": "EUR",
  "prices": [{"unit": "runs", "micro": 1000, "per": 1},
             {"unit": "cpu_ms", "micro": 7, "per": 1000},
             {"unit": "llm_tokens", "micro": 3, "per": 1}]})";

class Receipt : public testing::Test {
 protected:
  void build(const test::Draft& draft) {
    bytes_ = test::build(draft);
    auto decoded = certificate::decode_certificate(bytes_);
    ASSERT_TRUE(decoded);
    decoded_ = std::move(*decoded);
  }
  std::string text() const {
    auto made = receipt_text(decoded_, *table_);
    return made ? *made : made.error().message();
  }
  std::string note(const std::string& receipt) const {
    transparency::Note note{.text = receipt, .signatures = {}};
    note.signatures.push_back(*signer_.sign(receipt));
    return to_text(note);
  }

  Bytes bytes_;
  certificate::DecodedCertificate decoded_;
  Result<PriceTable> table_ = parse_price_table(bytes_of(table_text));
  transparency::NoteSigner signer_ =
      test::fixed_note_signer("billing.example", transparency::KeyType::ed25519, 7);
};

TEST_F(Receipt, PricesWhatTheCertificateSaysLineByLine) {
  test::Draft draft;
  draft.statement.run.usage.cpu_ms = 1999;
  build(draft);
  EXPECT_THAT(text(), HasSubstr("\nline runs 1 1000/1 1000\n"));
  EXPECT_THAT(text(), HasSubstr("\nline cpu_ms 1999 7/1000 13\n"));  // 13.993, rounded down
  EXPECT_THAT(text(), HasSubstr("\nline llm_tokens 0 3/1 0\ntotal 1013\n"));
  EXPECT_THAT(text(), HasSubstr("\nprices " + crypto::to_text(table_->hash) + "\n"));
}

// Goal: no job can make its bill larger than the limits that were agreed before the run.
TEST_F(Receipt, NeverExceedsTheLimitsAgreed) {
  test::Draft draft;
  draft.statement.run.usage.cpu_ms = draft.statement.claim.limits.cpu_ms + 1;
  draft.statement.run.usage.wall_ms = draft.statement.claim.limits.wall_ms + 1;
  draft.statement.run.usage.peak_memory_bytes = draft.statement.claim.limits.memory_bytes + 1;
  draft.statement.run.usage.stderr_bytes = draft.statement.claim.limits.output_bytes * 2;
  const certificate::Limits& limits = draft.statement.claim.limits;
  const auto quantity = [&](BillingUnit unit) { return quantity_of(draft.statement, unit); };
  EXPECT_EQ(quantity(BillingUnit::cpu_ms), limits.cpu_ms);
  EXPECT_EQ(quantity(BillingUnit::wall_ms), limits.wall_ms);
  EXPECT_EQ(quantity(BillingUnit::peak_memory_bytes), limits.memory_bytes);
  EXPECT_EQ(quantity(BillingUnit::output_bytes),
            limits.output_bytes + draft.statement.run.usage.stdout_bytes);
}

TEST_F(Receipt, CountsTokensOfEveryCallUpToTheBudget) {
  certificate::Statement statement = test::valid_statement();
  certificate::LlmAccess access;
  access.total_tokens = 100;
  statement.claim.sandbox.llm = access;
  statement.claim.execution.llm_calls = {
      {.model = "m", .prompt_hash = {}, .tokens_used = 20, .count = 3}};
  EXPECT_EQ(quantity_of(statement, BillingUnit::llm_tokens), 60);
  statement.claim.execution.llm_calls->front().count = (std::int64_t{1} << 53) - 1;
  EXPECT_EQ(quantity_of(statement, BillingUnit::llm_tokens), 100);
}

TEST_F(Receipt, IsAcceptedWhenItFollowsAndIsSigned) {
  build(test::Draft{});
  const std::string signed_receipt = note(text());
  EXPECT_TRUE(check_receipt(bytes_of(signed_receipt), decoded_, *table_, signer_.key()));
}

TEST_F(Receipt, IsRefusedWithAnyByteChanged) {
  build(test::Draft{});
  const std::string good = note(text());
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(check_receipt(bytes_of(changed), decoded_, *table_, signer_.key())) << i;
  }
}

TEST_F(Receipt, IsRefusedByAnotherKeyTableOrCertificate) {
  build(test::Draft{});
  const std::string good = note(text());
  const auto other = test::fixed_note_signer("billing.example", transparency::KeyType::ed25519, 8);
  EXPECT_FALSE(check_receipt(bytes_of(good), decoded_, *table_, other.key()));
  std::string dearer = table_text;
  test::replace_once(dearer, "\"micro\": 7", "\"micro\": 8");
  EXPECT_FALSE(
      check_receipt(bytes_of(good), decoded_, *parse_price_table(bytes_of(dearer)), signer_.key()));
  test::Draft longer;
  longer.statement.run.usage.cpu_ms += 1;
  build(longer);
  EXPECT_FALSE(check_receipt(bytes_of(good), decoded_, *table_, signer_.key()));
}

// Signed by the right key, and still not what follows.
TEST_F(Receipt, IsRefusedWhenItsIssuerWroteAnotherAmount) {
  build(test::Draft{});
  std::string dearer = text();
  test::replace_once(dearer, "line runs 1 1000/1 1000", "line runs 1 1000/1 9000");
  const auto checked = check_receipt(bytes_of(note(dearer)), decoded_, *table_, signer_.key());
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code(), ErrorCode::rejected);
}

TEST(PriceTable, HasOneHashInEverySpelling) {
  const auto table = parse_price_table(bytes_of(table_text));
  ASSERT_TRUE(table) << table.error().message();
  std::string spaced = table_text;
  test::replace_once(spaced, "\"per\": 1", "\"per\" :  1.0");
  const auto other = parse_price_table(bytes_of(spaced));
  ASSERT_TRUE(other) << other.error().message();
  EXPECT_EQ(table->hash, other->hash);
}

TEST(PriceTable, NamesThePlaceOfEachMistake) {
  const auto refuses = [](const std::string& from, const std::string& to, const std::string& why) {
    std::string text = table_text;
    test::replace_once(text, from, to);
    const auto table = parse_price_table(bytes_of(text));
    ASSERT_FALSE(table) << to;
    EXPECT_THAT(table.error().message(), HasSubstr(why));
  };
  refuses("\"per\": 1}", "\"per\": 0}", "prices[0].per");
  refuses("\"micro\": 1000", "\"micro\": 1000000001", "prices[0].micro");
  refuses("\"micro\": 1000", "\"micro\": -1", "prices[0].micro");
  refuses("\"unit\": \"cpu_ms\"", "\"unit\": \"runs\"", "prices[1]");
  refuses("\"unit\": \"cpu_ms\"", "\"unit\": \"gold\"", "prices[1].unit");
  refuses("\"name\"", "\"discount\": 1, \"name\"", "discount");
  refuses("EUR", "EUR\\nline runs 1 0/1 0", "currency");
  refuses("price-table/v1", "price-table/v2", "schema");
}

TEST(PriceTable, RefusesAnAmountPastTheBound) {
  certificate::DecodedCertificate decoded;
  decoded.statement = test::valid_statement();
  decoded.statement.claim.dataset_bytes = (std::int64_t{1} << 53) - 1;
  const auto table =
      parse_price_table(bytes_of(R"({"schema":"mayfly/price-table/v1","name":"n","currency":"EUR",)"
                                 R"("prices":[{"unit":"dataset_bytes","micro":2,"per":1}]})"));
  const auto text = receipt_text(decoded, *table);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code(), ErrorCode::limit);
}

}  // namespace
}  // namespace mayfly::verifier
