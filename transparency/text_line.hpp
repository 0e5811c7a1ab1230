// Line-based texts of a log (notes, checkpoints, proofs, entries), read strictly: one value has one
// spelling.
//
// Errors    malformed, naming the line by what was wanted; no message holds a byte of the text.
// Threads   One reader, one thread. Borrows the text.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::transparency {

class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}

  bool is_at_end() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }
  // Without its newline; a last line that lacks one is malformed. `wanted` is for messages.
  Result<std::string_view> take(std::string_view wanted);
  // What follows "<key> " on the next line.
  Result<std::string_view> take_value(std::string_view key);
  // Whether the next line begins with "<key> ".
  bool next_is(std::string_view key) const;
  Result<void> expect(std::string_view line);
  Result<void> expect_end() const;

 private:
  std::string_view rest_;
};

// ASCII decimal without sign or leading zeroes, at most 2^63 - 1.
inline constexpr std::uint64_t decimal_max = (std::uint64_t{1} << 63) - 1;
Result<std::uint64_t> parse_decimal(std::string_view text);

// A hash as padded base64: exactly 32 bytes.
std::string hash_to_base64(const crypto::Sha256& hash);
Result<crypto::Sha256> hash_from_base64(std::string_view text);

}  // namespace mayfly::transparency
