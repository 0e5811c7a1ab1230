// A run that must not be forgotten, nor done twice: it is noted before it is accepted.
//
// Source    draft-ietf-httpapi-idempotency-key-header-07: the field Idempotency-Key.
// Shapes    A key is 1 to idempotency_key_bytes_max visible characters, of one client, for 24
//           hours. The same request again gets the same reply, marked "Idempotent-Replayed: true";
//           after a restart the reply is what is left of it: which certificate came of the run.
// Errors    As a Reply: 409 the first one is still in progress, 422 the key was used for another
//           request, 400 not a key.
// Threads   Several at once over one Service.
#pragma once
#include <optional>

#include "api/reply.hpp"
#include "api/run.hpp"
#include "api/service.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::api {

inline constexpr std::size_t idempotency_key_bytes_max = 255;

// Nothing: `run` is accepted, and noted. A reply: it must not be run.
std::optional<Reply> accept(const Call& call, const crypto::Sha256& body_hash, const Run& run,
                            const Service& service);

}  // namespace mayfly::api
