// What this process says of itself before any data is sent, with evidence that binds it and the
// asker's nonce.
//
// Source    docs/reference/session-attestation.md.
// Errors    malformed, limit: the nonce or the upload key. Those of Parts::collect.
// Threads   As Parts::collect: a new quote for each call.
#pragma once
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "pipeline/execute.hpp"

namespace mayfly::pipeline {

inline constexpr std::size_t session_nonce_bytes_min = 8;
inline constexpr std::size_t session_nonce_bytes_max = attest::nonce_bytes_max;

// What the evidence binds, as it is bound: the same for the life of this process.
Result<std::string> session_manifest(const Parts& parts, const std::optional<Bytes>& upload_key);

// mayfly/session-attestation/v1. `upload_key`: X25519; none: sealed uploads are not offered.
Result<std::string> attest_session(const Parts& parts, const std::optional<Bytes>& upload_key,
                                   ByteView nonce);

}  // namespace mayfly::pipeline
