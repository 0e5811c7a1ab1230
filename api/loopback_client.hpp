// Asks an HTTP server on this machine one thing: for a log's tiles and for witnesses that run here,
// or behind a proxy that speaks TLS for us.
//
// Shapes    http://127.0.0.1:PORT/prefix or http://localhost:PORT/prefix. One request per
//           connection.
// Errors    malformed: another URL, an answer that is no HTTP.  limit: an answer over its bound.
//           unavailable: nobody answers within `patience`.
// Threads   Safe from any thread.
#pragma once
#include <string_view>

#include "api/loopback_wire.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::api {

inline constexpr int loopback_patience_seconds = 10;  // for each read and write

bool is_http_url(std::string_view text);
// `token`: a bearer token; empty: none.
Result<LoopbackAnswer> ask_loopback(std::string_view method, std::string_view url, ByteView body,
                                    std::size_t answer_bytes_max, std::string_view token = {});

}  // namespace mayfly::api
