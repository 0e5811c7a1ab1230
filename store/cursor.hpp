// The place where a page ended, as text that a client hands back. Opaque to clients, not secret.
//
// Source    base64url(issued_at as 8 bytes big-endian || certificate_id).
// Errors    malformed: anything encode_cursor does not write.
// Threads   Pure functions.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace mayfly::store {

inline constexpr std::string_view certificate_id_prefix = "cert_";
inline constexpr std::size_t certificate_id_digits = 64;
inline constexpr std::size_t certificate_id_digits_min = 12;  // of a prefix

// "cert_" and `digits_min`..64 lower-case hex digits.
bool is_certificate_id(std::string_view text, std::size_t digits_min);

struct PagePosition {
  UnixMillis issued_at;
  std::string certificate_id;
};

std::string encode_cursor(const PagePosition& position);
Result<PagePosition> decode_cursor(std::string_view cursor);

}  // namespace mayfly::store
