// The transparency log as C2SP tiles, so that a stock client can read it.
//
// Shapes    GET /log/checkpoint                       text/plain, never cached
//           GET /log/tile/<L>/<N>[.p/<W>]             octets, cached for good
//           GET /log/tile/entries/<N>[.p/<W>]
// Errors    404 for what the log does not have, a path of another form included.
// Threads   Several at once over one Service.
#pragma once
#include <optional>
#include <string_view>

#include "api/reply.hpp"
#include "api/service.hpp"

namespace mayfly::api {

// `path` is what follows "/log/". Nothing: not found.
std::optional<Reply> read_log_file(std::string_view path, const Call& call, const Service& service);

}  // namespace mayfly::api
