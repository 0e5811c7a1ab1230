// The head of a request to the provider: the only bytes that hold the key, composed in locked
// memory and gone when the request has been sent.
//
// Source    What of the job's own head is passed on: anthropic-version, anthropic-beta, accept, and
//           in which of the two headers it showed its token; the key goes into the same one.
// Errors    limit: a head over one locked page.  unavailable: memory cannot be locked.
// Threads   Plain value.
#pragma once
#include "crypto/locked_secret.hpp"
#include "gateway/endpoint.hpp"
#include "gateway/http_head.hpp"
#include "gateway/upstream.hpp"

namespace mayfly::gateway {

class OutgoingHead {
 public:
  static Result<OutgoingHead> compose(const Endpoint& endpoint, const RequestHead& asked,
                                      const Upstream& to, const crypto::LockedSecret& key,
                                      std::size_t body_bytes);
  ByteView view() const { return bytes_.view(); }

 private:
  explicit OutgoingHead(crypto::LockedSecret bytes) : bytes_(std::move(bytes)) {}
  crypto::LockedSecret bytes_;
};

}  // namespace mayfly::gateway
