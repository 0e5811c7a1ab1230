#include "verifier/receipt.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "certificate/canonical_document.hpp"
#include "certificate/ids.hpp"

namespace mayfly::verifier {
namespace {

using certificate::CanonicalDocument;
using certificate::JsonValue;

constexpr std::string_view table_schema = "mayfly/price-table/v1";
constexpr std::string_view receipt_title = "mayfly/receipt/v1";
constexpr std::int64_t amount_max = (std::int64_t{1} << 53) - 1;
constexpr std::size_t name_bytes_max = 64;

constexpr std::array<std::string_view, 7> unit_names{
    "runs",          "cpu_ms",       "wall_ms",   "peak_memory_bytes",
    "dataset_bytes", "output_bytes", "llm_tokens"};

Result<void> expect_members(const JsonValue& object, std::span<const std::string_view> names) {
  if (object.kind() != certificate::JsonKind::object) {
    return std::unexpected(object.malformed("must be an object"));
  }
  for (auto child = object.first_child(); child; child = child->next_sibling()) {
    if (std::ranges::find(names, child->raw_name()) == names.end()) {
      return std::unexpected(child->malformed("is not a member of a price table"));
    }
  }
  return {};
}

// One word: it becomes part of a line of text.
Result<std::string> word_at(const JsonValue& object, std::string_view name) {
  TRY(const JsonValue value, object.member(name));
  TRY(std::string text, value.string());
  const bool is_word = std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
  if (text.empty() || text.size() > name_bytes_max || !is_word) {
    return std::unexpected(value.malformed("must be 1 to 64 of A-Z, a-z, 0-9 and - _ ."));
  }
  return text;
}

Result<std::int64_t> number_at(const JsonValue& object, std::string_view name,
                               std::int64_t at_least) {
  TRY(const JsonValue value, object.member(name));
  TRY(const std::int64_t number, value.integer());
  if (number < at_least || number > price_part_max) {
    return std::unexpected(
        value.malformed("must be " + std::to_string(at_least) + " to 1,000,000,000"));
  }
  return number;
}

Result<Price> read_price(const JsonValue& entry) {
  constexpr std::array<std::string_view, 3> names{"micro", "per", "unit"};
  CHECK_OK(expect_members(entry, names));
  TRY(const JsonValue unit, entry.member("unit"));
  TRY(const std::string unit_text, unit.string());
  const auto known = std::ranges::find(unit_names, unit_text);
  if (known == unit_names.end()) {
    return std::unexpected(unit.malformed(
        "must be runs, cpu_ms, wall_ms, peak_memory_bytes, dataset_bytes, output_bytes or "
        "llm_tokens"));
  }
  Price price{.unit = static_cast<BillingUnit>(known - unit_names.begin())};
  TRY(price.micro, number_at(entry, "micro", 0));
  TRY(price.per, number_at(entry, "per", 1));
  return price;
}

Result<PriceTable> read_table(const JsonValue& root) {
  constexpr std::array<std::string_view, 4> names{"currency", "name", "prices", "schema"};
  CHECK_OK(expect_members(root, names));
  TRY(const JsonValue schema, root.member("schema"));
  TRY(const std::string schema_text, schema.string());
  if (schema_text != table_schema) {
    return std::unexpected(schema.malformed("must be mayfly/price-table/v1"));
  }
  PriceTable table;
  TRY(table.name, word_at(root, "name"));
  TRY(table.currency, word_at(root, "currency"));
  TRY(const JsonValue prices, root.member("prices"));
  if (prices.kind() != certificate::JsonKind::array) {
    return std::unexpected(prices.malformed("must be a list"));
  }
  for (auto entry = prices.first_child(); entry; entry = entry->next_sibling()) {
    TRY(const Price price, read_price(*entry));
    if (std::ranges::find(table.prices, price.unit, &Price::unit) != table.prices.end()) {
      return std::unexpected(entry->malformed("prices a unit twice"));
    }
    table.prices.push_back(price);
  }
  return table;
}

std::int64_t capped_sum(std::int64_t a, std::int64_t b) {
  return a > amount_max - b ? amount_max : a + b;
}

// Of the command and of what ran before it.
std::int64_t agreed(const certificate::Claim& claim, std::int64_t certificate::Limits::* limit) {
  std::int64_t sum = claim.limits.*limit;
  for (const certificate::Stage& stage : claim.sandbox.stages) {
    sum = capped_sum(sum, stage.limits.*limit);
  }
  return sum;
}

std::int64_t largest(const certificate::Claim& claim, std::int64_t certificate::Limits::* limit) {
  std::int64_t most = claim.limits.*limit;
  for (const certificate::Stage& stage : claim.sandbox.stages) {
    most = std::max(most, stage.limits.*limit);
  }
  return most;
}

std::int64_t llm_tokens(const certificate::Claim& claim) {
  if (!claim.execution.llm_calls || !claim.sandbox.llm) return 0;
  std::int64_t tokens = 0;
  for (const certificate::LlmCall& call : *claim.execution.llm_calls) {
    const bool is_huge = call.tokens_used != 0 && call.count > amount_max / call.tokens_used;
    tokens = capped_sum(tokens, is_huge ? amount_max : call.tokens_used * call.count);
  }
  return std::min(tokens, claim.sandbox.llm->total_tokens);
}

// quantity * micro / per, rounded down, without a product past 63 bits: both parts of a price are
// at most 10^9.
Result<std::int64_t> amount_of(std::int64_t quantity, const Price& price) {
  const std::int64_t whole = quantity / price.per;
  if (price.micro != 0 && whole > amount_max / price.micro) {
    return fail(ErrorCode::limit, "an amount of the receipt is past 2^53-1");
  }
  const std::int64_t amount =
      whole * price.micro + (quantity % price.per) * price.micro / price.per;
  if (amount > amount_max) return fail(ErrorCode::limit, "an amount of the receipt is past 2^53-1");
  return amount;
}

}  // namespace

std::string_view to_string(BillingUnit unit) {
  return unit_names[static_cast<std::size_t>(unit)];
}

Result<PriceTable> parse_price_table(ByteView document) {
  const certificate::JsonBounds bounds{.bytes_max = price_table_bytes_max, .values_max = 1024};
  TRY(const std::string canonical,
      certificate::canonicalize(document, certificate::TopLevel::object, bounds));
  TRY(const CanonicalDocument parsed,
      CanonicalDocument::parse(bytes_of(canonical), certificate::TopLevel::object, bounds));
  TRY(PriceTable table, read_table(parsed.root()));
  table.hash = crypto::sha256(bytes_of(canonical));
  return table;
}

std::int64_t quantity_of(const certificate::Statement& statement, BillingUnit unit) {
  using certificate::Limits;
  const certificate::Claim& claim = statement.claim;
  const certificate::Usage& usage = statement.run.usage;
  switch (unit) {
    case BillingUnit::runs: return 1;
    case BillingUnit::cpu_ms: return std::min(usage.cpu_ms, agreed(claim, &Limits::cpu_ms));
    case BillingUnit::wall_ms: return std::min(usage.wall_ms, agreed(claim, &Limits::wall_ms));
    case BillingUnit::peak_memory_bytes:
      return std::min(usage.peak_memory_bytes, largest(claim, &Limits::memory_bytes));
    case BillingUnit::dataset_bytes: return claim.dataset_bytes;
    case BillingUnit::output_bytes: {
      const std::int64_t each = claim.limits.output_bytes;
      return capped_sum(std::min(usage.stdout_bytes, each), std::min(usage.stderr_bytes, each));
    }
    case BillingUnit::llm_tokens: return llm_tokens(claim);
  }
  return 0;
}

Result<std::string> receipt_text(const certificate::DecodedCertificate& certificate,
                                 const PriceTable& table) {
  std::string text = std::string(receipt_title) + "\ncertificate " +
                     certificate::certificate_id(certificate.statement_slice) + "\nclaim " +
                     certificate::claim_hash(certificate.claim_slice) + "\nrun " +
                     certificate.statement.run.run_id + "\nprices " + crypto::to_text(table.hash) +
                     "\ncurrency " + table.currency + "\n";
  std::int64_t total = 0;
  for (const Price& price : table.prices) {
    const std::int64_t quantity = quantity_of(certificate.statement, price.unit);
    TRY(const std::int64_t amount, amount_of(quantity, price));
    if (amount > amount_max - total) {
      return fail(ErrorCode::limit, "the total of the receipt is past 2^53-1");
    }
    total += amount;
    text += "line " + std::string(to_string(price.unit)) + " " + std::to_string(quantity) + " " +
            std::to_string(price.micro) + "/" + std::to_string(price.per) + " " +
            std::to_string(amount) + "\n";
  }
  return text + "total " + std::to_string(total) + "\n";
}

Result<void> check_receipt(ByteView note, const certificate::DecodedCertificate& certificate,
                           const PriceTable& table, const transparency::VerifierKey& key) {
  TRY(const transparency::Note signed_note, transparency::parse_note(note));
  TRY(const auto signers, transparency::verify_note(signed_note, std::span(&key, 1)));
  if (signers.empty()) return fail(ErrorCode::rejected, "the receipt is not signed by this key");
  TRY(const std::string expected, receipt_text(certificate, table));
  if (signed_note.text != expected) {
    return fail(ErrorCode::rejected,
                "the receipt does not follow from this certificate and this price table");
  }
  return {};
}

}  // namespace mayfly::verifier
