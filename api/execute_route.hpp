// POST /execute: a body in, a run, a certificate out. The dataset goes from the reader's buffer
// into sealed memory and nowhere else.
//
// Errors    As a problem reply. A job that fails or times out is not a problem: it has a
//           certificate.
// Threads   Several at once over one Service.
#pragma once
#include <expected>
#include <functional>

#include "api/reply.hpp"
#include "api/service.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::api {

// Hands the body to the sink piece by piece and stops at the sink's first error. The pieces are
// wiped by the reader. A Problem: the body did not come whole.
using BodySink = std::function<Result<void>(ByteView)>;
using BodyReader = std::function<std::expected<void, Problem>(const BodySink&)>;

Reply execute(const Call& call, const Service& service, const BodyReader& read_body);

}  // namespace mayfly::api
