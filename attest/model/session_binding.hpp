// The 64 bytes that a quote binds for a running service, before any data is sent: who signs, who
// may open an upload, what runs, and the asker's nonce.
//
// Source    docs/reference/session-attestation.md. D1 || D2, both SHA-256; the tag differs from a
//           certificate's, so that one can never stand for the other.
// Errors    limit: a nonce over nonce_bytes_max.  malformed: a key of another size.
// Threads   Pure function.
#pragma once
#include "attest/model/binding.hpp"

namespace mayfly::attest {

inline constexpr std::size_t upload_key_bytes = 32;

// D1 = SHA-256(manifest).
// D2 = SHA-256("mayfly/rd/session/v1\n" || signer key, 32 bytes || upload key length, one byte, 0
// or
//              32 || upload key || nonce length, one byte || nonce).
Result<ReportData> bind_session(ByteView manifest, ByteView signer_key, ByteView upload_key,
                                ByteView nonce);

}  // namespace mayfly::attest
