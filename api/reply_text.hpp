// A reply as the bytes of HTTP/1.1, for those that the HTTP library does not write: it never saw
// the request, or has long gone when the answer is there.
//
// Source    RFC 9112, sections 4 and 6.
// Threads   Pure functions.
#pragma once
#include <string>
#include <string_view>

#include "api/reply.hpp"

namespace mayfly::api {

inline constexpr std::string_view request_id_header = "X-Request-Id";

std::string reply_text(const Reply& reply, std::string_view request_id);
// The head alone of a body that goes on until the connection is closed.
std::string stream_head_text(std::string_view media_type, std::string_view request_id);

}  // namespace mayfly::api
