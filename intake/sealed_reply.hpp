// What a service answers to a sealed upload, for its sender alone.
//
// Shapes    The header of a sealed stream, then pieces as in intake/sealed_envelope.hpp, the last
//           one final. The key is used for one reply.
// Errors    malformed, limit: not of that form.  rejected: not what the service sealed.
// Threads   Pure functions.
#pragma once
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/locked_secret.hpp"

namespace mayfly::intake {

Result<Bytes> seal_reply(const crypto::LockedSecret& key, ByteView reply);
Result<Bytes> open_reply(const crypto::LockedSecret& key, ByteView sealed);

}  // namespace mayfly::intake
