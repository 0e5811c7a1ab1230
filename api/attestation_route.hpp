// GET /.well-known/mayfly-attestation?nonce=HEX: what this service is, before any data is sent.
//
// Source    docs/reference/session-attestation.md.
// Threads   Safe from any thread; the collector decides how many quotes are made at once.
#pragma once
#include <string_view>

#include "api/reply.hpp"
#include "intake/upload_session.hpp"
#include "pipeline/execute.hpp"

namespace mayfly::api {

inline constexpr std::string_view attestation_path = "/.well-known/mayfly-attestation";

// `uploads`: whose key it names; null: sealed uploads are not offered.
// Each call makes a new quote: the nonce is what shows that it is fresh, so there must be one.
Reply attest_session(const Call& call, const pipeline::Parts& parts,
                     const intake::UploadSession* uploads);

}  // namespace mayfly::api
