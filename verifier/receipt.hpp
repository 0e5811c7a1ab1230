// A billing receipt: usage lines that follow from a certificate, priced by a table that is data.
// Anyone who has certificate and table computes the same text; a signed note says who issued it.
//
// Source    docs/receipts.md. Signed form: C2SP signed-note.
// Shapes    Whole numbers only: money in millionths of the table's currency, rounded down line by
//           line. A quantity is never more than the limits that were agreed before the run, so a
//           job cannot make its bill larger than its submitter said it may be.
// Errors    malformed: no price table, or no receipt, of this form.  limit: an amount past 2^53-1.
//           rejected: a receipt that does not follow, or is not signed by the key.
// Threads   Pure functions.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "certificate/decode.hpp"
#include "crypto/sha2.hpp"
#include "transparency/note.hpp"

namespace mayfly::verifier {

inline constexpr std::size_t price_table_bytes_max = std::size_t{64} * 1024;
inline constexpr std::int64_t price_part_max = 1'000'000'000;  // of `micro` and of `per`

enum class BillingUnit : std::uint8_t {
  runs,
  cpu_ms,
  wall_ms,
  peak_memory_bytes,
  dataset_bytes,
  output_bytes,
  llm_tokens,
};
std::string_view to_string(BillingUnit unit);  // "cpu_ms"

struct Price {
  BillingUnit unit;
  std::int64_t micro = 0;  // millionths of the currency for each `per` of the unit
  std::int64_t per = 1;
};

struct PriceTable {
  std::string name;
  std::string currency;       // "EUR"
  std::vector<Price> prices;  // each unit at most once, in the table's order
  crypto::Sha256 hash;        // of its canonical bytes: the same in every spelling
};
Result<PriceTable> parse_price_table(ByteView document);

// What the certificate says was used, at most what its limits allow.
std::int64_t quantity_of(const certificate::Statement& statement, BillingUnit unit);

// The text that is signed. Precondition: the certificate was verified by the caller.
Result<std::string> receipt_text(const certificate::DecodedCertificate& certificate,
                                 const PriceTable& table);

// Signed by this key, and exactly what follows from certificate and table.
Result<void> check_receipt(ByteView note, const certificate::DecodedCertificate& certificate,
                           const PriceTable& table, const transparency::VerifierKey& key);

}  // namespace mayfly::verifier
