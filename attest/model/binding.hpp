// The 64 bytes that a quote binds: which statement, which signing key, which intent, which nonce.
//
// Source    docs/certificate-format.md, "What the quote binds". D1 || D2, both SHA-256, each
//           tagged so that one use can never stand for another.
// Errors    limit: nonce over nonce_bytes_max.  malformed: a signer key of another size.
// Threads   Pure functions.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::attest {

inline constexpr std::size_t nonce_bytes_max = 64;
inline constexpr std::size_t signer_key_bytes = 32;
using ReportData = std::array<std::uint8_t, 64>;

// D1 = SHA-256(statement slice).
// D2 = SHA-256("mayfly/rd/cert/v1\n" || signer key, 32 bytes || intent leaf hash, 32 bytes
//              || nonce length, one byte || nonce).
// `intent_leaf` is all zero when no transparency log was used.
Result<ReportData> bind_certificate(ByteView statement_slice, ByteView signer_key,
                                    const crypto::Sha256& intent_leaf, ByteView nonce);

// The same for evidence whose nonces are text: SHA-256 of the 64 bytes, in hex; and whom such a
// token is for.
std::string token_nonce(const ReportData& report_data);
inline constexpr std::string_view token_audience = "mayfly";

}  // namespace mayfly::attest
