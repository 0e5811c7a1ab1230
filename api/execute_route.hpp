// POST /execute: a body in, a run, a certificate out.
//
// Shapes    The reply comes when the run has ended, or, with Prefer: respond-async, once the body
//           has been taken in; with wait=N as well, then, if the run has not ended within N
//           seconds.
// Errors    As a problem reply. A job that fails or times out is not a problem: it has a
//           certificate.
// Threads   Several at once over one Service.
#pragma once
#include <expected>
#include <functional>

#include "api/reply.hpp"
#include "api/service.hpp"
#include "base/bytes.hpp"

namespace mayfly::api {

// Hands the body to the sink piece by piece and stops when the sink says false. The pieces are
// wiped by the reader. A Problem: the body did not come whole.
using BodySink = std::function<bool(ByteView)>;
using BodyReader = std::function<std::expected<void, Problem>(const BodySink&)>;

Reply execute(const Call& call, const Service& service, const BodyReader& read_body);

}  // namespace mayfly::api
