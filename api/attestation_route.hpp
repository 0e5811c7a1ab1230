// GET /.well-known/mayfly-attestation?nonce=HEX: what this service is, before any data is sent.
//
// Source    docs/reference/session-attestation.md.
// Threads   Safe from any thread; the collector decides how many quotes are made at once.
#pragma once
#include <optional>
#include <string_view>

#include "api/reply.hpp"
#include "pipeline/execute.hpp"

namespace mayfly::api {

inline constexpr std::string_view attestation_path = "/.well-known/mayfly-attestation";

// Each call makes a new quote: the nonce is what shows that it is fresh, so there must be one.
Reply attest_session(const Call& call, const pipeline::Parts& parts,
                     const std::optional<Bytes>& upload_key);

}  // namespace mayfly::api
