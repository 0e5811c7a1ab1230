// What a certificate's fields may hold: bounds with their units, and rules for text.
//
// Errors    limit: longer or more than a bound.  malformed: anything else. Messages say what a
//           field must hold, never what it does hold.
// Threads   Plain values and pure functions.
#pragma once
#include <cstddef>
#include <string_view>

#include "base/result.hpp"

namespace mayfly::certificate {

inline constexpr std::size_t word_bytes_max = 64;
inline constexpr std::size_t text_bytes_max = 4096;
inline constexpr std::size_t argument_bytes_max = std::size_t{128} * 1024;  // argv, environment
inline constexpr std::size_t quote_bytes_max = std::size_t{64} * 1024;
inline constexpr std::size_t nonce_bytes_max = 64;
inline constexpr std::size_t list_entries_max = 10'000;
inline constexpr std::size_t map_entries_max = 64;
inline constexpr std::size_t assertions_max = 256;
inline constexpr std::size_t signatures_max = 8;
inline constexpr std::size_t p256_signature_bytes_min = 8;  // DER of two integers
inline constexpr std::size_t p256_signature_bytes_max = 72;
inline constexpr std::size_t timestamps_max = 16;
inline constexpr std::size_t timestamp_token_bytes_max = std::size_t{32} * 1024;
inline constexpr std::size_t stages_max = 32;
inline constexpr std::size_t log_entry_bytes_max = 4096;
inline constexpr std::size_t log_proof_text_bytes_max = std::size_t{72} * 1024;
inline constexpr std::size_t log_proof_hashes_max = 65;
inline constexpr std::size_t verifier_key_bytes_max = 512;
inline constexpr std::size_t collateral_parts_max = 16;
inline constexpr std::size_t collateral_part_bytes_max = std::size_t{512} * 1024;
inline constexpr std::size_t trace_salt_bytes = 16;
inline constexpr std::size_t result_salt_bytes = 32;
inline constexpr std::size_t withheld_hashes_max = 65'536;
inline constexpr std::size_t shown_result_bytes_max = std::size_t{768} * 1024;
inline constexpr std::int64_t exit_code_min = -128;  // minus a signal number
inline constexpr std::int64_t exit_code_max = 255;

struct TextRule {
  bool (*holds)(std::string_view text);
  std::string_view expectation;  // "must be ..."
  std::size_t bytes_max = text_bytes_max;
};

Result<void> check_text(const TextRule& rule, std::string_view text);

namespace rules {

extern const TextRule any_text;           // up to text_bytes_max
extern const TextRule argument;           // up to argument_bytes_max
extern const TextRule name;               // any text but the empty one
extern const TextRule word;               // "tdx-quote-v4", "native+simulated-tdx"
extern const TextRule member;             // a member name of ours: [a-z][a-z0-9_]{0,63}
extern const TextRule environment_entry;  // "NAME=value"
extern const TextRule dataset_hash;       // "sha256:<hex>", "hmac-sha256:<hex>" or "none"
extern const TextRule dataset_access;     // "none" or "read"
extern const TextRule keyed_hash;         // "hmac-sha256:<hex>"
extern const TextRule claim_hash;         // "sha256:<hex>"
extern const TextRule certificate_id;
extern const TextRule run_id;
extern const TextRule determinism;
extern const TextRule comparison;
extern const TextRule decimal;
extern const TextRule result_path;
extern const TextRule verdict;
extern const TextRule status;
extern const TextRule media_type;
extern const TextRule file_operation;
extern const TextRule network_verdict;
extern const TextRule coverage;
extern const TextRule withholdable;
extern const TextRule verifier_key;  // "<name>+<id>+<key>" of a note
extern const TextRule log_proof;     // up to log_proof_text_bytes_max
extern const TextRule algorithm;

}  // namespace rules
}  // namespace mayfly::certificate
